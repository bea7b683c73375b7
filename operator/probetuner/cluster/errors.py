"""What can go wrong when the API server is asked for something."""

from http import HTTPStatus


class ApiError(Exception):
    """A request to the API server did not do what was asked; the text is one sentence."""


class UnreachableError(ApiError):
    """The API server could not be reached, or did not answer in time: nobody knows whether the request was done."""


class LeaseExpiredError(ApiError):
    """Nothing was sent, because this operator may not be the one that works any more."""


class StatusError(ApiError):
    """The API server answered no; `code` is the HTTP status, `reason` its word (`metav1.StatusReason`).

    `rest` is the token by which the rest of a list can be had whose own token has expired, empty where there is none.
    """

    def __init__(self, code: int, reason: str, message: str, *, rest: str = "") -> None:
        super().__init__(f"{message} (HTTP {code})")
        self.code = code
        self.reason = reason
        self.message = message
        self.rest = rest


class NotFoundError(StatusError):
    """There is no such object, or no such kind of object."""


class ConflictError(StatusError):
    """The object is not as the request assumed: it moved on, or it exists already."""


def status_error(code: int, reason: str, message: str, *, rest: str = "") -> StatusError:
    """The error for an answer, of the class that callers tell apart."""
    return _CLASSES.get(code, StatusError)(code, reason, message, rest=rest)


_CLASSES: dict[int, type[StatusError]] = {
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
}
