"""The simulated camera on the network: HTTP for SOAP and faults, UDP for WS-Discovery."""

import contextlib
import json
import socket
import struct
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.etree import ElementTree as ET

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from cctv.onvif.simulator import answers
from cctv.onvif.simulator.camera import TOPICS, Camera, Faults, Refused
from cctv.onvif.simulator.sign_in import SignIn

MULTICAST, PORT = "239.255.255.250", 3702
SOAP = "application/soap+xml; charset=utf-8"
_BODY = f"{{{answers.NAMESPACES['s']}}}Body"
_LEVELS = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 9))
ENTITY_BOMB = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "lol">{_LEVELS}]><x>&e8;</x>'
EXTERNAL_ENTITY = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'
)
OVERSIZE = 16_000_000


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def log_message(self, format: str, *args: Any) -> None:  # its parent's name
        """Say nothing: what was asked is in the camera's own list."""

    def do_GET(self) -> None:
        self._send_json(200, self.server.camera.told())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith("/sim/"):
            self._control(json.loads(body or b"{}"))
        elif not self._misbehave():
            self._soap(body)

    def _control(self, said: dict[str, Any]) -> None:
        camera = self.server.camera
        if self.path == "/sim/faults":
            known = {one.name for one in fields(Faults)}
            camera.faults = Faults(**{name: said[name] for name in said if name in known})
        elif self.path == "/sim/event" and said.get("kind") in TOPICS:
            camera.happen(said["kind"], state=bool(said.get("state", True)))
        else:
            self._send_json(404, {})
            return
        self._send_json(200, camera.told())

    def _misbehave(self) -> bool:
        """Do what the switched fault says; say whether that was all."""
        faults = self.server.camera.faults
        if faults.slow_s:
            time.sleep(faults.slow_s)
        if faults.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif faults.redirect:
            self._send(307, b"", "text/plain", Location=faults.redirect)
        elif faults.drip:
            self._drip()
        elif faults.malformed or faults.entity_bomb or faults.external_entity:
            text = (
                ENTITY_BOMB if faults.entity_bomb
                else EXTERNAL_ENTITY if faults.external_entity else "<s:Envelope><s:Body>"
            )  # fmt: skip
            self._send(200, text.encode(), SOAP)
        elif faults.oversize:
            self._send(200, b"<x>" + b" " * OVERSIZE + b"</x>", SOAP)
        else:
            return False
        return True

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", SOAP)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        with contextlib.suppress(OSError):
            while self.server.camera.faults.drip:
                self.wfile.write(b" ")
                time.sleep(0.1)
        self.close_connection = True

    def _soap(self, body: bytes) -> None:
        server = self.server
        try:
            envelope: ET.Element = fromstring(body)
            asked = next(iter(envelope.find(_BODY)))  # type: ignore[arg-type]  # None: caught
        except (ET.ParseError, DefusedXmlException, TypeError, StopIteration):
            self._send(400, answers.fault("ter:WellFormed").encode(), SOAP)
            return
        call = answers.Call(server.camera, asked, path=self.path, base=server.base)
        server.camera.requests.append(call.name)
        authorization = self.headers.get("Authorization", "")
        if call.name not in answers.OPEN and not server.sign_in.admits(
            envelope, authorization, self.command
        ):
            self._refuse()
            return
        try:
            self._send(200, answers.answer(call).encode(), SOAP)
        except Refused as refusal:
            self._send(400, answers.fault(str(refusal)).encode(), SOAP)

    def _refuse(self) -> None:
        said = answers.fault("ter:NotAuthorized").encode()
        if self.server.sign_in.way == "wsse":
            self._send(400, said, SOAP)
        else:
            self._send(401, said, SOAP, **{"WWW-Authenticate": self.server.sign_in.challenge})

    def _send_json(self, status: int, content: dict[str, Any]) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    camera: Camera
    sign_in: SignIn

    @property
    def base(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"


class Simulator:
    """A camera that can be found and spoken to until it is closed."""

    def __init__(
        self, camera: Camera, *, host: str = "127.0.0.1", port: int = 0, way: str = "either"
    ) -> None:
        self.camera = camera
        self._http = _Server((host, port), _Handler)
        self._http.camera, self._http.sign_in = camera, SignIn(camera, way)
        self.host, self.port = host, int(self._http.server_address[1])
        self.reference = f"urn:uuid:{uuid.uuid4()}"
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._udp.bind((MULTICAST, PORT))
        joined = socket.inet_aton(MULTICAST) + socket.inet_aton(host)
        self._udp.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
        for work in (lambda: self._http.serve_forever(0.05), self._answer_probes):
            threading.Thread(target=work, daemon=True).start()

    @property
    def base(self) -> str:
        return self._http.base

    @property
    def address(self) -> str:
        return f"{self.base}/onvif/device_service"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        with contextlib.suppress(OSError):
            self._udp.shutdown(socket.SHUT_RDWR)
        self._udp.close()

    def _answer_probes(self) -> None:
        while True:
            try:
                datagram, sender = self._udp.recvfrom(65535)
            except OSError:
                return
            if reply := self._probe_match(datagram):
                with contextlib.suppress(OSError):
                    self._udp.sendto(reply, sender)

    def _probe_match(self, datagram: bytes) -> bytes | None:
        try:
            envelope = fromstring(datagram)
        except (ET.ParseError, DefusedXmlException, ValueError):
            return None
        said = {one.tag.rpartition("}")[2]: (one.text or "").strip() for one in envelope.iter()}
        wanted = said.get("Types", "")
        if "Probe" not in said or (wanted and "NetworkVideoTransmitter" not in wanted):
            return None
        scopes = (
            "onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/Profile/T "
            f"onvif://www.onvif.org/name/{self.camera.serial} onvif://www.onvif.org/hardware/sim"
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
            'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
            'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
            'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header>'
            f"<a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID>"
            f"<a:RelatesTo>{said.get('MessageID', '')}</a:RelatesTo>"
            "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action>"
            "</s:Header><s:Body><d:ProbeMatches><d:ProbeMatch><a:EndpointReference>"
            f"<a:Address>{self.reference}</a:Address></a:EndpointReference>"
            f"<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>{scopes}</d:Scopes>"
            f"<d:XAddrs>{self.address}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>"
            "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
        ).encode()


@contextlib.contextmanager
def simulated(
    *,
    name: str = "한빛초 회전",
    user: str = "operator",
    password: str = "let-me-in",  # noqa: S107  # of a camera that is not one
    stream_uri: str = "",
    **options: Any,
) -> Iterator[Simulator]:
    """Run a camera for as long as the block lasts."""
    camera = Camera(name=name, user=user, password=password, stream_uri=stream_uri)
    simulator = Simulator(camera, **options)
    try:
        yield simulator
    finally:
        simulator.close()
