"""A probe's path is asked as the kubelet asks it; the expectations were printed by Go's own net/http."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probetuner.sources.http_target import request_target


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/", "/"),
        ("", "/"),
        ("healthz", "/healthz"),
        ("a/b:c", "/a/b:c"),
        ("1foo:bar", "/1foo:bar"),
        (":80/x", "/:80/x"),
        ("@169.254.169.254/latest", "/@169.254.169.254/latest"),
        ("@h:9/x?y=1", "/@h:9/x%3Fy=1"),
        ("//evil/x", "/x"),
        ("//healthz", "/"),
        ("//u@h/x", "/x"),
        ("//a b/x", "//a%20b/x"),
        ("//h:x/y", "//h:x/y"),
        ("///x", "///x"),
        ("http://evil/x?y", "/x?y"),
        ("http://u:p@evil/x", "/x"),
        ("http:/x", "/x"),
        ("http:", "/"),
        ("/a%2Fb?c=d", "/a%2Fb?c=d"),
        ("/a%2fb c", "/a/b%20c"),
        ("/%41", "/%41"),
        ("/%zz", "/%25zz"),
        ("/a b", "/a%20b"),
        ("/é", "/%C3%A9"),
        ('/a"<>', "/a%22%3C%3E"),
        ("/[x]", "/[x]"),
        ("/a/;b=c,d!$&'()*+", "/a/;b=c,d!$&'()*+"),
        ("/./a/../b", "/./a/../b"),
        ("/x#frag", "/x"),
        ("/x?a#b", "/x?a"),
        ("/x#%", "/x%23%25"),
        ("?a=b", "/?a=b"),
        ("/x??", "/x??"),
        ("*", "/*"),
        ("/a\r\nHost: evil", "/a%0D%0AHost:%20evil"),
        ("/x?a\tb", "/x%3Fa%09b"),
        ("/x\x7f", "/x%7F"),
    ],
)
def test_a_path_is_asked_as_the_kubelet_asks_it(path: str, asked: str) -> None:
    """Path and query, as they stand in the request line."""
    target, query = request_target(path)

    assert (f"{target}?{query}" if query else target) == asked


@pytest.mark.parametrize("path", ["mailto:x", "foo:bar", "a:b/c"])
def test_what_names_no_path_is_not_asked(path: str) -> None:
    """The kubelet fails there too: no Host in request URL."""
    with pytest.raises(ValueError, match="names no path"):
        request_target(path)


@given(st.text(st.sampled_from('/?@:#%[]a1.-~ "<>&=\r\n\\\x00é'), max_size=12) | st.text(max_size=12))
def test_whatever_the_path_it_is_one_line_of_a_request(path: str) -> None:
    """It begins with a slash, and no character ends the line or the request."""
    try:
        target, query = request_target(path)
    except ValueError:
        return

    assert target.startswith("/")
    assert target.isascii()
    assert not set(target) & set(" ?#")
    assert all(character.isprintable() or ord(character) > 0x7F for character in query)
    assert "\n" not in query
