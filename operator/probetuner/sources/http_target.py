"""What of a probe's `path` the kubelet puts into the request line (pkg/probe/http/request.go formatURL; Go's net/url).

The kubelet reads the path as a URL, of which a path may name more than a path, and then sets scheme and host to its own
whatever it says. So `healthz` is asked as `/healthz`, `//healthz` as `/` (it is a host), and `@10.0.0.1/x` as
`/@10.0.0.1/x`: nothing in it leads to another host. What is no URL is asked as a path, escaped. User information, which
the kubelet would turn into a password header, is left out here.
"""

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

_AS_IT_IS = re.compile(r"[\w.~!$&'()*+,;=:@\[\]/%-]*", re.ASCII)
_KEPT_WHEN_ESCAPED = "$&+,/:;=@"
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_AUTHORITY = re.compile(
    r"([\w.~!$&'()*+,;=:%@-]*@)?(\[[\w.:%~-]+\]|([\w.~!$&'()*+,;=\"<>-]|[^\x00-\x7f])*)(:[0-9]*)?", re.ASCII
)


def request_target(path: str) -> tuple[str, str]:
    """Return the path, which begins with a slash, and the query, as they are sent.

    Raises ValueError for what the kubelet cannot ask either, such as `mailto:x`.
    """
    reference, _, fragment = path.partition("#")
    broken = _CONTROL.search(reference) or _BROKEN_ESCAPE.search(fragment)
    found = None if broken else _parsed(reference)
    escaped, query = (_escaped(path), "") if found is None else found
    return "/" + escaped.removeprefix("/"), query


def _parsed(reference: str) -> tuple[str, str] | None:
    """The path and the query of a URL reference; None where it is none (net/url parse)."""
    scheme = _SCHEME.match(reference)
    rest, _, query = reference[scheme.end() if scheme else 0 :].partition("?")
    if scheme and rest and not rest.startswith("/"):
        raise ValueError(f"{reference!r} names no path")
    if not scheme and not rest.startswith("/") and ":" in rest.partition("/")[0]:
        return None
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, below = rest[2:].partition("/")
        if not _AUTHORITY.fullmatch(authority):
            return None
        rest = slash + below
    if _BROKEN_ESCAPE.search(rest):
        return None
    return (rest if _AS_IT_IS.fullmatch(rest) else _quoted(unquote_to_bytes(rest))), query


def _escaped(path: str) -> str:
    """The whole as a path; also a percent sign is one then."""
    return _quoted(path.encode())


def _quoted(path: bytes) -> str:
    return quote_from_bytes(path, safe=_KEPT_WHEN_ESCAPED)
