"""What is promised of the operator's metrics."""

from probetuner.controller.metrics import Metrics
from probetuner.model.workload import WorkloadKind, WorkloadRef

WEB = WorkloadRef(kind=WorkloadKind.DEPLOYMENT, namespace="shop", name="web")


def test_the_findings_of_a_workload_are_those_of_its_status() -> None:
    """A finding that no longer holds is not shown, and neither is anything of a workload that is gone."""
    metrics = Metrics()
    metrics.show(WEB, {"findings": [{"name": "crash", "container": "c"}, {"name": "healthy"}], "falseRestarts": 3})
    metrics.show(WEB, {"findings": [{"name": "crash", "container": "c"}], "falseRestarts": 4, "flaps": 2})
    shown = metrics.page().decode()

    of_web = 'kind="Deployment",name="web",namespace="shop"'
    assert f'probetuner_findings{{container="c",finding="crash",{of_web}}} 1.0' in shown
    assert "healthy" not in shown
    assert f"probetuner_false_restarts{{{of_web}}} 4.0" in shown
    assert f"probetuner_flaps{{{of_web}}} 2.0" in shown
    metrics.forget(WEB)
    assert of_web not in metrics.page().decode()


def test_endpoints_are_counted_by_their_fitness() -> None:
    """As the status has them; what is no more is not shown, and neither is anything of a workload that is gone."""
    metrics, unfit = Metrics(), {"endpoint": "a", "liveness": "Unfit"}
    metrics.show(WEB, {"containers": [{"name": "c", "endpoints": [unfit, unfit, {**unfit, "liveness": "Unknown"}]}]})
    metrics.show(WEB, {"containers": [{"name": "c", "endpoints": [unfit, {**unfit, "liveness": "Fit"}]}]})

    of_web = 'kind="Deployment",liveness="{}",name="web",namespace="shop"'
    shown = metrics.page().decode()
    for fitness in ("Fit", "Unfit"):
        assert f'probetuner_endpoints{{container="c",{of_web.format(fitness)}}} 1.0' in shown
    assert "Unknown" not in shown
    metrics.forget(WEB)
    assert "probetuner_endpoints{" not in metrics.page().decode()


def test_what_was_never_shown_can_be_forgotten() -> None:
    """Leaving a workload that was never decided upon is no error."""
    Metrics().forget(WEB)
