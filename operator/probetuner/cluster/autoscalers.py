"""The autoscalers of a namespace: whether a workload of one replica is to stay one."""

from http import HTTPStatus

from probetuner.cluster.api import Api
from probetuner.cluster.errors import StatusError
from probetuner.model.autoscaler import parse_autoscaler
from probetuner.model.problem import InvalidObjectError
from probetuner.model.workload import WorkloadRef


async def may_scale(api: Api, ref: WorkloadRef) -> bool:
    """Whether an autoscaler may give the workload more than one replica; what may not be read may do so.

    Raises ApiError.
    """
    path = f"/apis/autoscaling/v2/namespaces/{ref.namespace}/horizontalpodautoscalers"
    try:
        return any([parse_autoscaler(raw).scales(ref) async for raw in api.each(path)])
    except InvalidObjectError:
        return True
    except StatusError as refusal:
        if refusal.code != HTTPStatus.FORBIDDEN:
            raise
        return True
