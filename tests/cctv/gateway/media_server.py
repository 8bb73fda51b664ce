"""A media server for the tests that answers by MediaMTX's own description of its control API.

Every request to it and every answer of it is held against the published schemas; what the document
does not have is answered 404 and remembered as a fault. The real server was not at hand.
"""

import contextlib
import json
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from jsonschema import Draft4Validator

DOCUMENT = json.loads((Path(__file__).parent / "mediamtx/openapi.json").read_text("utf-8"))
LISTS = {"hlssessions": "HLSSession", "webrtcsessions": "WebRTCSession",
         "rtspsessions": "RTSPSession", "rtspssessions": "RTSPSession"}  # fmt: skip


def strict(schema: Any) -> Any:
    """Turn a schema of OpenAPI 3.0 into one of JSON Schema that allows no unknown field."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(part) for name, part in schema.items() if name != "nullable"}
    if schema.get("type") == "object" and "properties" in schema:
        made["additionalProperties"] = False
    if schema.get("nullable"):
        return {"anyOf": [{"type": "null"}, {k: v for k, v in made.items() if k != "allOf"}
                          if "allOf" not in made else made["allOf"][0]]}  # fmt: skip
    return made


COMPONENTS = strict(DOCUMENT["components"])


def check(schema: dict[str, Any], body: Any) -> None:
    Draft4Validator({**strict(schema), "components": COMPONENTS}).validate(body)


class MediaServer(ThreadingHTTPServer):
    """Paths, sessions, and the question that it asks before it opens one."""

    daemon_threads = True

    def __init__(self, ask: Callable[[dict[str, Any]], int]) -> None:
        super().__init__(("127.0.0.1", 0), Control)
        self.ask = ask
        self.paths: dict[str, dict[str, Any]] = {}
        self.tracks = ["H264"]
        self.received = 0
        self.sessions: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in LISTS}
        self.faults: list[str] = []
        self.is_down = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def read(self, path: str, token: str, *, ip: str = "127.0.0.1", **more: Any) -> str:
        """Open a reader's HLS session as a browser does; gives its id, empty when refused."""
        session_id = str(uuid.uuid4())
        asked = {"user": "", "password": "", "token": token, "ip": ip, "action": "read",
                 "path": path, "protocol": "hls", "id": session_id, "query": "",
                 "userAgent": "test"} | more  # fmt: skip
        if not 200 <= self.ask(asked) < 300 or path not in self.paths:
            return ""
        return self.intrude(path, session_id)

    def intrude(self, path: str, session_id: str = "") -> str:
        """Have a session that nobody was asked about."""
        session_id = session_id or str(uuid.uuid4())
        self.sessions["hlssessions"][session_id] = {
            "created": "2026-11-28T00:00:00Z", "id": session_id, "isCDN": False,
            "outboundBytes": 0, "path": path, "query": "", "remoteAddr": "127.0.0.1:5",
            "user": "", "userAgent": "test",
        }  # fmt: skip
        return session_id

    def answer(self, method: str, address: str, body: Any) -> tuple[int, Any]:
        found = self._operation(method, urlsplit(address).path)
        if found is None:
            self.faults.append(f"{method} {address} is not in the document")
            return 404, {"status": "error", "error": "not found"}
        operation, template, name = found
        if "requestBody" in operation:
            check(operation["requestBody"]["content"]["application/json"]["schema"], body)
        status, said = self._act(template, name, parse_qs(urlsplit(address).query), body)
        check(operation["responses"][str(status)]["content"]["application/json"]["schema"], said)
        return status, said

    def _operation(self, method: str, path: str) -> tuple[Any, str, str] | None:
        for template, operations in DOCUMENT["paths"].items():
            pattern = re.sub(r"\{\w+\}", "([^/]+)", template)
            if (match := re.fullmatch(pattern, path)) and method.lower() in operations:
                name = unquote(match[1]) if match.groups() else ""
                return operations[method.lower()], template, name
        return None

    def _act(self, template: str, name: str, query: Any, body: Any) -> tuple[int, Any]:
        kind = template.split("/")[2]
        missing = (404, {"status": "error", "error": "not found"})
        if "/replace/" in template:
            self.paths[name] = body
        elif "/delete/" in template:
            if self.paths.pop(name, None) is None:
                return missing
        elif "/kick/" in template:
            if self.sessions[kind].pop(name, None) is None:
                return missing
        elif template.endswith("/list"):
            size, page = int(query["itemsPerPage"][0]), int(query["page"][0])
            rows = list(self.sessions[kind].values())
            shown = rows[page * size : (page + 1) * size]
            return 200, {"itemCount": len(rows), "pageCount": -(-len(rows) // size), "items": shown}
        else:
            return (200, self._path(name)) if name in self.paths else missing
        return 200, {"status": "ok"}

    def _path(self, name: str) -> dict[str, Any]:
        self.received += 1000
        return {
            "name": name, "confName": name, "available": True, "online": True,
            "availableTime": "2026-11-28T00:00:00Z", "onlineTime": "2026-11-28T00:00:00Z",
            "source": {"type": "rtspSource", "id": ""}, "inboundBytes": self.received,
            "outboundBytes": 0, "readers": [], "inboundFramesInError": 0,
            "tracks2": [{"codec": codec, "codecProps": None} for codec in self.tracks],
        }  # fmt: skip


class Control(BaseHTTPRequestHandler):
    server: MediaServer

    def __getattr__(self, name: str) -> Any:
        if name in {"do_GET", "do_POST", "do_DELETE"}:
            return self._any
        raise AttributeError(name)

    def _any(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if self.server.is_down:
            status, said = 500, {"status": "error", "error": "down"}
        else:
            try:
                status, said = self.server.answer(
                    self.command, self.path, json.loads(raw) if raw else None
                )
            except Exception as error:  # a fault of ours, shown by the test
                self.server.faults.append(f"{self.command} {self.path}: {error}")
                status, said = 500, {"status": "error", "error": "fault"}
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def media_server(ask: Callable[[dict[str, Any]], int]) -> Iterator[MediaServer]:
    server = MediaServer(ask)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
