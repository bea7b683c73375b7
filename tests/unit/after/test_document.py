"""The table: what was found, what was measured before and after, and what was patched in between."""

from collections.abc import Mapping

from after.advice import Advice
from after.document import write_tables
from after.figures import Figures
from after.play import Outcome
from after.scenarios import SCENARIOS

SCENARIO = SCENARIOS[0]
ILL = Figures(answered=900, failed=100, kills=5, seconds_without_endpoint=12.4)
WELL = Figures(answered=1000, failed=0, kills=0, seconds_without_endpoint=0.0)


def advice(*containers: Mapping[str, object], **pod: object) -> Advice:
    spec = {"containers": [*containers], **pod} if containers else pod
    return Advice(findings=("oom-killed", "crash"), actions=(), patch={"spec": {"template": {"spec": spec}}})


def test_a_row_has_each_figure_before_and_after() -> None:
    """And the names of the findings that the patch follows from."""
    rows = write_tables([Outcome(scenario=SCENARIO, before=(ILL,), advice=advice({"name": "main"}), after=(WELL,))])

    assert "| oom-killed, crash | 900 → 1000 | 100 → 0 | 5 → 0 | 12 → 0 | no worse |" in rows


def test_what_got_worse_stands_out() -> None:
    """In any figure."""
    assert "0 → 5 | 0 → 12 | **worse** |" in write_tables([Outcome(scenario=SCENARIO, before=(WELL,), after=(ILL,))])


def test_two_plays_stand_beside_each_other() -> None:
    """What looked worse at first and not again is no worse."""
    rows = write_tables([Outcome(scenario=SCENARIO, before=(WELL, ILL), after=(ILL, WELL))])

    assert "| 0 → 100; 100 → 0 | 0 → 5; 5 → 0 | 0 → 12; 12 → 0 | no worse |" in rows


def test_the_patch_is_a_line_of_yaml() -> None:
    """With what is taken away as null, what changes of the pod before what changes of its container."""
    changes = {"name": "main", "livenessProbe": None, "readinessProbe": {"timeoutSeconds": 3}}
    told = advice(changes, shareProcessNamespace=True)

    text = write_tables([Outcome(scenario=SCENARIO, before=(ILL,), advice=told, after=(WELL,))])

    assert "`{shareProcessNamespace: true, livenessProbe: null, readinessProbe: {timeoutSeconds: 3}}` |" in text


def test_where_nothing_is_recommended_it_says_so() -> None:
    """There is nothing that could be worse; what was found, and what a person should do, still stands there."""
    told = Advice(findings=("crash",), actions=("decouple-liveness",), patch={})

    text = write_tables([Outcome(scenario=SCENARIO, before=(ILL,), advice=told)])

    assert "| crash | 900 | 100 | 5 | 12 | as before: no patch |" in text
    assert text.endswith("| none: decouple-liveness |")


def test_what_could_not_be_played_is_not_called_good() -> None:
    """No figures, and no verdict."""
    assert "|  |  |  |  |  | not known |" in write_tables([Outcome(scenario=SCENARIO, problem="the users are Pending")])
