"""Mutual TLS of a link: pushing to a real TLS server with an authority made here, and fetching."""

import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.urls import reverse

from controlroom.audit.models import Record
from controlroom.errors import Invalid
from linkage import mutual_tls, transport, trials
from linkage.demo.link import room_link
from linkage.models import Link, LinkTls, OutboxMessage
from tests.linkage.conftest import drain

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Paper:
    """A certificate with its key, in PEM."""

    certificate: str
    key: str
    fingerprint: str


class Authority:
    def __init__(self, name: str) -> None:
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        ca = x509.BasicConstraints(ca=True, path_length=None)
        self.pem = self._sign(self.name, self.key, (ca, True)).certificate

    def issue(self, name: str, *, ends: timedelta = DAY) -> Paper:
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        return self._sign(
            subject, ec.generate_private_key(ec.SECP256R1()), (names, False), ends=ends
        )

    def _sign(self, subject, key, extension, *, ends: timedelta = DAY) -> Paper:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * DAY)
            .not_valid_after(now + ends)
            .add_extension(extension[0], critical=extension[1])
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
            .sign(self.key, hashes.SHA256())
        )
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Paper(
            made.public_bytes(Encoding.PEM).decode(),
            private.decode(),
            made.fingerprint(hashes.SHA256()).hex(),
        )


class Door(BaseHTTPRequestHandler):
    """Acknowledges, and remembers who showed a certificate."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        subject = self.connection.getpeercert()["subject"]
        self.server.shown.append(dict(pair for (pair,) in subject)["commonName"])
        body = json.dumps({"ack": True, "id": self.headers["webhook-id"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args) -> None:
        """Say nothing."""


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_args) -> None:
        """A refused handshake is what some tests want."""


@pytest.fixture(scope="module")
def police() -> Authority:
    return Authority("경찰청 CA")


@pytest.fixture(scope="module")
def centre() -> Authority:
    return Authority("한빛시 CA")


@pytest.fixture
def door(police, centre, tmp_path) -> Iterator[QuietServer]:
    """Run the agency's server: its certificate is of its own authority, and it asks for ours."""
    own = police.issue("agency")
    chain, trusted = tmp_path / "server.pem", tmp_path / "ca.pem"
    chain.write_text(own.certificate + own.key)
    trusted.write_text(centre.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    context.load_verify_locations(trusted)
    context.verify_mode = ssl.CERT_REQUIRED
    server = QuietServer(("127.0.0.1", 0), Door)
    server.shown = []
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    transport.hang_up()
    server.shutdown()
    server.server_close()


@pytest.fixture
def pushed(city, door) -> Link:
    return room_link(
        "police112",
        municipality=city,
        push_url=f"https://localhost:{door.server_port}/",
        allow_private_address=True,
    ).link


def pushed_now(link: Link) -> OutboxMessage:
    message = trials.send(link=link)
    drain(link)
    message.refresh_from_db()
    return message


@pytest.mark.django_db(transaction=True)
def test_a_push_shows_our_certificate_and_trusts_the_agencys_authority_alone(
    pushed, door, police, centre
):
    own = centre.issue("한빛시 관제센터")
    mutual_tls.register(
        link=pushed, certificate=own.certificate, key=own.key, authorities=police.pem
    )
    assert pushed_now(pushed).state == "acked"
    assert door.shown == ["한빛시 관제센터"]
    assert own.key.encode() not in bytes(LinkTls.objects.get().key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("lacks", ["certificate", "authority", "trust"])
def test_without_either_half_nothing_is_delivered(pushed, door, police, centre, lacks):
    own = (Authority("남의 CA") if lacks == "trust" else centre).issue("한빛시 관제센터")
    said = {"certificate": own.certificate, "key": own.key, "authorities": police.pem}
    if lacks == "certificate":
        said = {"authorities": police.pem}
    elif lacks == "authority":
        del said["authorities"]
    mutual_tls.register(link=pushed, **said)
    message = pushed_now(pushed)
    assert message.state == "retrying"
    assert message.deliveries.first().outcome in {"temporary", "unknown"}
    assert door.shown == []


def test_what_does_not_fit_together_is_refused_by_its_field(link, centre):
    own, other = centre.issue("a"), centre.issue("b")
    ended = centre.issue("c", ends=-DAY)
    for said, field in (
        ({"certificate": own.certificate}, "key"),
        ({"certificate": own.certificate, "key": other.key}, "key"),
        ({"certificate": own.certificate, "key": "x"}, "key"),
        ({"certificate": "x", "key": own.key}, "certificate"),
        ({"certificate": ended.certificate, "key": ended.key}, "certificate"),
        ({"authorities": "x"}, "authorities"),
        ({"fingerprints": ["12"]}, "fingerprints"),
    ):
        with pytest.raises(Invalid) as caught:
            mutual_tls.register(link=link, **said)
        assert set(caught.value.fields) == {field}


@pytest.fixture
def asked(link, police) -> Paper:
    """Let the link ask for one of the agency's certificates."""
    paper = police.issue("112")
    mutual_tls.register(link=link, fingerprints=[paper.fingerprint.upper()])
    return paper


@pytest.fixture
def fetch(link, settings):
    from tests.linkage.conftest import api_client  # noqa: PLC0415 - `police` means the authority here

    settings.CERTIFICATE_PROXIES = ["10.0.0.0/24", "unix"]
    client = api_client(link)

    def get(path=f"links/{link.code}/outbound", *, peer="10.0.0.7", verify="SUCCESS", shows=""):
        headers = {"X-Client-Verify": verify, "X-Client-Cert": shows}
        return client.get(f"/api/v1/{path}", headers=headers, REMOTE_ADDR=peer).status_code

    return get


def test_a_fetch_passes_with_the_agencys_certificate_from_a_trusted_proxy_alone(
    fetch, asked, police
):
    escaped = quote(asked.certificate)
    colons = ":".join(asked.fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    for shows in (escaped, asked.fingerprint, colons):
        assert fetch(shows=shows) == 200
        assert fetch("incidents", shows=shows) == 200
        assert fetch(shows=shows, peer="") == 200
        # Whoever is not the proxy may write any header.
        assert fetch(shows=shows, peer="10.0.1.7") == 403
        assert fetch(shows=shows, verify="FAILED:expired") == 403
    assert fetch() == fetch("incidents") == fetch(shows="x") == 403
    assert fetch(shows=quote(police.issue("112").certificate)) == 403


def test_nobodys_word_is_believed_where_no_proxy_is_named(fetch, asked, settings):
    settings.CERTIFICATE_PROXIES = []
    assert fetch(shows=asked.fingerprint) == fetch(shows=asked.fingerprint, peer="") == 403


def test_a_link_that_names_no_certificate_asks_for_none(fetch):
    assert fetch() == 200


def test_who_keeps_links_sets_it_in_the_admin_and_never_sees_the_key(
    client, administrator, link, centre
):
    client.force_login(administrator)
    address = reverse("admin:linkage_link_change", args=[link.pk])
    own = centre.issue("한빛시 관제센터")

    def send(**said):
        form = client.get(address).context["adminform"].form
        data = {
            name: "" if value is None else value
            for name, value in form.initial.items()
            if name in form.fields
        }
        for name in ("allowed_kinds", "time_limits_min"):
            data.pop(name, None)
        has = int(LinkTls.objects.exists())
        data |= {
            "maintenance-TOTAL_FORMS": 0,
            "maintenance-INITIAL_FORMS": 0,
            "tls-TOTAL_FORMS": 1,
            "tls-INITIAL_FORMS": has,
            "tls-0-link": link.pk,
            **{f"tls-0-{name}": value for name, value in said.items()},
        }
        return client.post(address, data)

    wrong = send(certificate=own.certificate, private_key="x", authorities="", fingerprints="")
    assert wrong.status_code == 200
    assert not LinkTls.objects.exists()
    done = send(
        certificate=own.certificate, private_key=own.key, authorities=centre.pem, fingerprints=""
    )
    assert done.status_code == 302, done.context["errors"]
    row = LinkTls.objects.get()
    assert mutual_tls.key_of(row) == own.key.strip()
    page = client.get(address).content.decode()
    assert own.key.splitlines()[1] not in page
    kept = send(
        certificate=own.certificate, private_key="", authorities=centre.pem, fingerprints="ab" * 32
    )
    assert kept.status_code == 302
    row.refresh_from_db()
    assert row.fingerprints == ["ab" * 32]
    assert mutual_tls.key_of(row) == own.key.strip()
    assert Record.objects.filter(action="link.tls_changed").count() == 2
