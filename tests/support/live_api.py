"""An API server on loopback, with kubelets behind its proxy: what it lists and watches, and what it refuses."""

import json
import re
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FORBIDDEN, OK, CREATED, NOT_FOUND, CONFLICT, BAD_GATEWAY = 403, 200, 201, 404, 409, 502

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?=(?:\.\d+)?Z)")
_LONGEST_SECONDS, _HELD_SECONDS = 60.0, 0.2


def brought_up_to_now(objects: Sequence[Json]) -> list[Json]:
    """The same objects as if they had been listed this moment: all times are moved, the latest one to now."""
    text = json.dumps(objects)
    times = [datetime.fromisoformat(found).replace(tzinfo=UTC) for found in _TIME.findall(text)]
    shift = datetime.now(UTC) - max(times, default=datetime.now(UTC)) - timedelta(seconds=1)
    moved: list[Json] = json.loads(
        _TIME.sub(
            lambda found: (datetime.fromisoformat(found[0]).replace(tzinfo=UTC) + shift).strftime("%Y-%m-%dT%H:%M:%S"),
            text,
        )
    )
    return moved


@dataclass(kw_only=True)
class Cluster:
    """What the server tells. `later` are objects that a watch changes as soon as it has told those that are there.

    `forbidden` are resources that may not be listed, or `nodes/proxy`; `closed` are namespaces of which nothing may be.
    The server is gone as soon as `last` is asked for. `silent` nodes take a request and never answer; `away` are those
    that the server itself cannot reach, `pages` what the others say by node and path. Their answers wait until `held`
    requests are there at once, for a moment at most.

    `documents` are what single paths answer, None where there is nothing. `user` is how the server calls whoever asks,
    and `lacking` are the verbs and resources that reviews of access say no to, by user. Patches of what is in
    `documents` are taken, but for those of `moved` paths, which are told to be outdated, and for all where whoever
    asks may write nothing (`unwritable`).
    """

    objects: Sequence[Json]
    later: Sequence[Json] = ()
    forbidden: Collection[str] = ()
    closed: Collection[str] = ()
    last: str = ""
    silent: Collection[str] = ()
    away: Collection[str] = ()
    pages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    held: int = 0
    documents: Mapping[str, Json | None] = field(default_factory=dict)
    user: str = "modest"
    lacking: Mapping[str, Collection[tuple[str, str]]] = field(default_factory=dict)
    moved: Collection[str] = ()
    unwritable: bool = False


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A patch that was sent; `query` is what stands behind the path."""

    path: str
    query: str
    content_type: str
    body: Json


class LiveApi(ThreadingHTTPServer):
    """Serves a cluster; `asked` counts requests by path, `at_once` is how many kubelets were asked at once, at most.

    `patches` are those that it took.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.cluster = cluster
        self.asked: Counter[str] = Counter()
        self.patches: list[Patch] = []
        self.at_once = self._inside = 0
        self._counting = threading.Condition()
        self.over = threading.Event()

    @property
    def nodes_asked(self) -> set[str]:
        """The nodes whose kubelets were asked for anything."""
        return {path.split("/")[4] for path in self.asked if "/proxy/" in path}

    @contextmanager
    def asking(self, path: str) -> Iterator[None]:
        """Count a request while it is answered."""
        is_proxied = "/proxy/" in path
        with self._counting:
            self.asked[path] += 1
            self._inside += is_proxied
            self.at_once = max(self.at_once, self._inside)
            self._counting.notify_all()
            if is_proxied:
                self._counting.wait_for(lambda: self._inside >= self.cluster.held, timeout=_HELD_SECONDS)
        try:
            yield
        finally:
            with self._counting:
                self._inside -= is_proxied


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes, and the second would wait for the asker's delayed ACK
    server: LiveApi

    def do_GET(self) -> None:
        """Answer as an API server does."""
        path, _, query = self.path.partition("?")
        with self.server.asking(path):
            try:
                if "/proxy/" in path:
                    self._proxy(path)
                elif path.rpartition("/")[2] == self.server.cluster.last:
                    self.server.shutdown()
                    self.server.socket.close()
                    self.close_connection = True
                elif self._is_forbidden(path):
                    self._refuse(path)
                elif path in self.server.cluster.documents:
                    self._document(path)
                elif "watch=1" in query:
                    self._watch(path)
                else:
                    self._send(OK, json.dumps({"items": self._listed(path, self.server.cluster.objects)}))
            except ConnectionError:  # whoever asked is gone
                self.close_connection = True

    def do_POST(self) -> None:
        """Answer the questions that an API server does not keep, and give tokens."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.asking(self.path):
            if self._is_forbidden(self.path):
                self._refuse(self.path)
            else:
                self._send(CREATED, json.dumps(self._answered(self.path.rpartition("/")[2], asked.get("spec") or {})))

    def do_PATCH(self) -> None:
        """Take a patch, and leave everything as it is."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path, _, query = self.path.partition("?")
        with self.server.asking(path):
            if self.server.cluster.unwritable or self._is_forbidden(path):
                self._refuse(path)
            elif path in self.server.cluster.moved:
                self._send(CONFLICT, json.dumps({"message": "the object has been modified"}))
            elif self.server.cluster.documents.get(path) is None:
                self._send(NOT_FOUND, json.dumps({"message": f"{path} was not found"}))
            else:
                content_type = self.headers["Content-Type"]
                self.server.patches.append(Patch(path=path, query=query, content_type=content_type, body=body))
                self._document(path)

    def _answered(self, question: str, spec: Json) -> Json:
        cluster = self.server.cluster
        if question == "token":
            return {"spec": {"expirationSeconds": 600}, "status": {"token": "of-the-kubelet-account"}}
        if question == "selfsubjectreviews":
            return {"status": {"userInfo": {"username": cluster.user}}}
        user, about = spec.get("user", cluster.user), spec["resourceAttributes"]
        resource = "/".join(filter(None, (about["resource"], about.get("subresource"))))
        return {"status": {"allowed": (about["verb"], resource) not in cluster.lacking.get(user, ())}}

    def _document(self, path: str) -> None:
        found = self.server.cluster.documents[path]
        if found is None:
            self._send(NOT_FOUND, json.dumps({"message": f"{path} was not found"}))
        else:
            self._send(OK, json.dumps(found))

    def _is_forbidden(self, path: str) -> bool:
        cluster = self.server.cluster
        closed = any(f"/namespaces/{namespace}/" in path for namespace in cluster.closed)
        return closed or path.rpartition("/")[2] in cluster.forbidden

    def _proxy(self, path: str) -> None:
        cluster = self.server.cluster
        node, page = path.split("/")[4], "/" + path.partition("/proxy/")[2]
        if "nodes/proxy" in cluster.forbidden:
            self._refuse(path)
        elif node in cluster.silent:
            self.server.over.wait(_LONGEST_SECONDS)
            self.close_connection = True
        elif node in cluster.away:
            self._send(BAD_GATEWAY, json.dumps({"message": f"error dialing node {node}: no route to host"}))
        else:
            self._send(OK, cluster.pages.get(node, {}).get(page, "process_start_time_seconds 1\n"))

    def _refuse(self, path: str) -> None:
        self._send(FORBIDDEN, json.dumps({"message": f'User "modest" cannot get "{path}"'}))

    def _listed(self, path: str, objects: Sequence[Json]) -> list[Json]:
        parts = path.strip("/").split("/")
        namespace = parts[parts.index("namespaces") + 1] if "namespaces" in parts[:-1] else None
        of_kind = (one for one in objects if one["kind"].lower() + "s" == parts[-1])
        return [one for one in of_kind if namespace in (None, one["metadata"].get("namespace"))]

    def _watch(self, path: str) -> None:
        """Tell what there is, then what changes, and then nothing until the server ends."""
        self.send_response(OK)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        cluster = self.server.cluster
        events = [("ADDED", one) for one in self._listed(path, cluster.objects)]
        events += [("MODIFIED", one) for one in self._listed(path, cluster.later)]
        for change, one in events:
            line = json.dumps({"type": change, "object": one}).encode() + b"\n"
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        seconds = int(re.search(r"timeoutSeconds=(\d+)", self.path)[1])  # type: ignore[index]  # every watch has it
        self.server.over.wait(min(seconds, _LONGEST_SECONDS))
        self.wfile.write(b"0\r\n\r\n")

    def _send(self, status: int, text: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(cluster: Cluster, folder: Path) -> Iterator[tuple[LiveApi, Path]]:
    """The server, for as long as the context lasts, and a kubeconfig in the folder that leads to it."""
    with LiveApi(cluster) as api:
        thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        content = {
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "shop"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{api.server_port}"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
        }
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(json.dumps(content))
        try:
            yield api, kubeconfig
        finally:
            api.over.set()
            api.shutdown()
            thread.join()
