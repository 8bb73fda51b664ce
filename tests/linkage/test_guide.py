"""The agency guide does what it says: its examples are run as printed, its tables are ours."""

import contextlib
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from cctv import streams
from cctv.choices import SourceKind
from cctv.models import Camera, PtzLock
from controlroom.errors import DomainError
from incidents import catalogue, lifecycle
from incidents.models import Incident, Kind
from linkage import errors, links, stills
from linkage.cap import reading
from linkage.choices import AgencyKind, OutboxState
from linkage.filed import file_report
from linkage.links import create_link, issue_client, new_webhook_secret
from linkage.models import (
    Agency,
    Case,
    Engine,
    FiledReport,
    FireCase,
    FireTime,
    Link,
    OutboxMessage,
    Resync,
    StillRelease,
    StreamGrant,
    UnitPosition,
    VideoRequest,
)
from linkage.models_cap import CapAlert
from linkage.models_city import Bell, BellPress, Sensor, SensorReading
from linkage.models_disaster import Situation
from linkage.services.contracts import CONTRACTS
from linkage.services.disaster import situations
from linkage.services.video import answers
from linkage.transport import sign
from tests.cctv.onvif.conftest import let_turn, networks, sim  # noqa: F401 - fixtures
from tests.incidents.conftest import make_camera
from tests.linkage.conftest import api_client, drain, envelope
from tests.live.conftest import start_web  # noqa: F401 - a fixture

DOCS = Path(__file__).parent.parent.parent / "docs"
GUIDE = DOCS / "agency-api.md"
PAGES = {service: DOCS / "agency-api" / f"{service}.md" for service in CONTRACTS}
WITHIN_S = 300


def examples(page: Path, language: str, section: str = "") -> list[str]:
    """Give the examples of a page, or of one section, that are not files to be saved."""
    parts = re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = "\n".join(part for part in parts if part.startswith(section))
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def saved_files() -> dict[str, str]:
    """Give the files that the guide says to save, by name."""
    text = GUIDE.read_text(encoding="utf-8")
    return dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


class Sandbox:
    """A real centre with an operator: the examples are run against it, one link after the other."""

    def __init__(self, url: str, folder: Path, city, haneul) -> None:
        self.url, self.folder, self.city, self.haneul = url, folder, city, haneul
        for name, text in saved_files().items():
            (folder / name).write_text(text, encoding="utf-8")
        self.output = folder / "output.txt"
        self.is_staffed = True

    def link(self, service: str, name: str) -> links.Credentials:
        agency = Agency.objects.create(
            kind=AgencyKind.OTHER,
            organisation_code=f"{9000001 + Agency.objects.count()}",
            name_ko=f"연계기관 {name}",
        )
        return create_link(
            municipality=self.city,
            agency=agency,
            service=service,
            code=f"{service}-{name}",
            allows_drills=True,
        )

    def run(self, command: list[str], made: links.Credentials) -> str:
        """Run an example, with the operator at work, and give what it printed."""
        environment = os.environ | {
            "BASE_URL": self.url,
            "CLIENT_ID": made.client_id,
            "CLIENT_SECRET": made.client_secret,
            "WEBHOOK_SECRET": made.webhook_secret,
            "LINK": made.link.code,
        }
        with self.output.open("wb") as output:
            running = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=output, stderr=output
            )
        deadline = time.monotonic() + WITHIN_S
        try:
            while running.poll() is None and time.monotonic() < deadline:
                if self.is_staffed:
                    self._work(made.link.pk)
                time.sleep(0.05)
        finally:
            running.kill()
            running.wait()
        said = self.output.read_text(encoding="utf-8", errors="replace")
        assert running.returncode == 0, f"{made.link.code}: {said}"
        return said

    def shell(self, text: str, made: links.Credentials) -> str:
        return self.run(["bash", "-euo", "pipefail", "-c", text], made)

    def python(self, text: str, made: links.Credentials) -> str:
        return self.run([sys.executable, "-c", text], made)

    def _work(self, link_id: int) -> None:
        """Do what people of the centre do: know the door, acknowledge, report; and deliver."""
        link = Link.objects.get(pk=link_id)
        address = re.search(r"webhooks at (\S+)", self.output.read_text(errors="replace"))
        if address and not link.push_url:
            link = links.register_push(link=link, push_url=address[1], allow_private_address=True)
            self._report(link)
        for incident in Incident.objects.filter(status="received", cases__link=link):
            with contextlib.suppress(DomainError):  # taken back meanwhile
                lifecycle.acknowledge(incident=incident, by=self.haneul)
                self._send_still(incident)
        for situation in Situation.objects.filter(
            incident__cases__link=link, incident__status="acknowledged", is_public=False
        ):
            with contextlib.suppress(DomainError):  # over meanwhile
                situations.publish(situation=situation, is_public=True, by=self.haneul)
        for request in VideoRequest.objects.filter(link=link, state="pending"):
            with contextlib.suppress(DomainError):  # over meanwhile
                answers.allow(request=request, by=self.haneul)
        if link.push_url:
            drain(link)

    def _send_still(self, incident: Incident) -> None:
        """Take a picture of the camera for the first case of each room that is told stills."""
        if incident.cases.filter(external_id__in=["p1", "p3", "f1"]).exists():
            camera = Camera.objects.get(municipality=self.city)
            still = stills.take(incident=incident, camera=camera, by=self.haneul)
            stills.send(still=still, by=self.haneul, text="흰 모자")

    def _report(self, link: Link) -> None:
        kind = Kind.objects.filter(service=link.service).first()
        if link.service in {"police112", "fire119"}:
            place = Point(127.39, 36.37, srid=4326)
            file_report(link=link, by=self.haneul, kind=kind, text="시장 앞 다툼", place=place)


def owed_nothing(link: Link) -> bool:
    """Whether the link has acknowledged or answered whatever it was told."""
    rows = OutboxMessage.objects.filter(link=link)
    done = {OutboxState.ACKED, OutboxState.ANSWERED}
    return rows.exists() and set(rows.values_list("state", flat=True)) <= done


@pytest.mark.live
def test_every_example_runs_as_printed_against_one_real_server(
    start_web,  # noqa: F811
    sim,  # noqa: F811
    city,
    haneul,
    tmp_path,
    settings,
):
    web = start_web(CONTROLROOM_CAMERA_NETWORKS="127.0.0.0/8")
    settings.STATE_DIR = tmp_path / "state"
    catalogue.install()
    sandbox = Sandbox(web.url, tmp_path, city, haneul)
    run_the_guide(sandbox)
    run_self_service(sandbox)
    let_turn(make_camera(city, 127.4, 36.4003), sim)
    Camera.objects.update(source_kind=SourceKind.SYNTHETIC)
    Bell.objects.create(
        municipality=city,
        register_id="202600001",
        number="2022-47",
        location=Point(127.4001, 36.4001, srid=4326),
    )
    for service, page in PAGES.items():
        fetched, pushed = sandbox.link(service, "fetched"), sandbox.link(service, "pushed")
        if service == "city":
            add_sensor(fetched.link)
            add_sensor(pushed.link)
        shells, programs = examples(page, "bash"), examples(page, "python")
        assert shells, f"{page.name} has no example for curl"
        assert programs, f"{page.name} has no example for Python"
        for shell in shells:
            sandbox.shell(shell, fetched)
        for program in programs:
            sandbox.python(program, pushed)
        for made in (fetched, pushed):
            told = OutboxMessage.objects.filter(link=made.link, state=OutboxState.ACKED)
            assert "ACK" in told.values_list("message_type", flat=True), made.link.code
    streams.stop_all()
    what_the_pages_promise()
    acts = ["ContinuousMove", "Stop", "GotoPreset", "AbsoluteMove", "GotoHomePosition"]
    assert [one for one in sim.camera.requests if one in acts] == acts


def add_sensor(link: Link) -> None:
    Sensor.objects.create(
        municipality=link.municipality,
        link=link,
        code="underpass-1",
        name="중앙지하차도",
        kind="water_level",
        unit="m",
        location=Point(127.4, 36.4, srid=4326),
        attention_from=1.0,
        caution_from=1.5,
        alert_from=2.0,
        severe_from=2.5,
        hysteresis=0.2,
    )


def run_the_guide(sandbox: Sandbox) -> None:
    """Run the numbered sections, which go on from each other."""
    made = sandbox.link("police112", "guide")
    numbered = [examples(GUIDE, "bash", f"{n}.") for n in (1, 2, 4, 6)]
    first, token, send, look, fetch = [*examples(GUIDE, "bash")[:1], *(one for (one,) in numbered)]
    # Nobody works the case while its ETag is compared.
    sandbox.is_staffed = False
    sandbox.shell("\n".join([first, token, send, look]), made)
    assert Incident.objects.get(cases__external_id="guide-000481").address == "한빛시 중앙로 14"
    (program,) = examples(GUIDE, "python", "3.")
    assert "applied" in sandbox.python(program, made)
    assert Case.objects.filter(link=made.link).count() == 2
    for incident in Incident.objects.filter(status="received"):
        lifecycle.acknowledge(incident=incident, by=sandbox.haneul)
    sandbox.shell("\n".join([first, token, fetch]), made)
    sandbox.is_staffed = True
    assert owed_nothing(made.link)


def run_self_service(sandbox: Sandbox) -> None:
    made = sandbox.link("police112", "self")
    link = made.link
    api_client(link).post(f"/api/v1/links/{link.code}/messages", envelope(), format="json")
    lifecycle.acknowledge(incident=Incident.objects.get(cases__link=link), by=sandbox.haneul)
    (shell,) = examples(GUIDE, "bash", "Self-service")
    assert '"whsec_' in sandbox.shell(shell, made)
    (program,) = examples(GUIDE, "python", "Self-service")
    sandbox.python(program, issue_client(link=link))
    assert owed_nothing(link)


def what_the_pages_promise() -> None:
    """Look at what the examples have left behind in the centre."""
    assert StreamGrant.objects.filter(ended_at=None).count() == 0
    assert StreamGrant.objects.count() == 3
    assert PtzLock.objects.get().person == "상황실 2팀"
    assert StillRelease.objects.exclude(first_viewed_at=None).count() == 3
    assert set(UnitPosition.objects.values_list("unit", flat=True)) == {"중앙12"}
    assert set(FireCase.objects.values_list("state", flat=True)) == {"ended", "cancelled"}
    assert FireTime.objects.filter(step="arrived").exists()
    assert Engine.objects.filter(call_sign="한빛펌프1").count() == 2
    assert FiledReport.objects.exclude(case=None).count() == 2
    assert not Situation.objects.filter(incident__cases__external_id__in=["d1", "d3"]).filter(
        ended_at=None
    )
    kinds = {"Alert", "Update", "Cancel", "Ack"}
    assert set(CapAlert.objects.values_list("msg_type", flat=True)) == kinds
    answered = OutboxMessage.objects.get(message_type="CAP_ALERT", state=OutboxState.ANSWERED)
    document = answered.payload["xml"].encode()
    assert reading.read(document, now=timezone.now(), profile_required=True)
    assert bytes(answered.cap_push.issue.body) == document
    assert Resync.objects.get().offered
    assert BellPress.objects.count() == 3
    assert SensorReading.objects.count() == 3


def test_the_faults_of_the_sandbox_are_switched_as_printed(agency, tmp_path):
    (shell,) = examples(GUIDE, "bash", "8.")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", shell],
        check=False,
        cwd=tmp_path,
        env=os.environ | {"SIM": agency.url},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
    )
    assert done.returncode == 0, done.stderr
    assert '"mode": "error500"' in done.stdout
    assert '"told": []' in done.stdout
    assert agency.faults.taking.mode == "ok"


def test_the_guides_verification_admits_our_signature_and_no_other():
    known: dict = {}
    exec(saved_files()["door.py"], known)
    secret, body = new_webhook_secret(), '{"가": 1}'
    headers = sign(secrets=[secret], message_id="m-1", at=datetime.now(UTC), body=body)
    assert known["verify"](secret, headers, body.encode())
    assert not known["verify"](secret, headers, body.encode() + b" ")
    assert not known["verify"](new_webhook_secret(), headers, body.encode())
    late = datetime.now(UTC).timestamp() + 301
    assert not known["verify"](secret, headers, body.encode(), late)


def test_the_guide_names_every_code_of_ours():
    codes = {
        found.code
        for found in vars(errors).values()
        if isinstance(found, type) and found.__module__ == "linkage.errors"
    }
    text = GUIDE.read_text(encoding="utf-8")
    only_the_console_hears = {"not_replayable", "already_telephoned"}
    assert {code for code in codes if f"`{code}`" not in text} <= only_the_console_hears


def fields_told(page: Path, section: str) -> dict[str, tuple[set[str], set[str]]]:
    """Read a page's table of messages: by type, the fields required and the others."""
    (text,) = re.findall(
        rf"^## {section}\n(.*?)^## ", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    rows = re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \| [^|]+ \|$", text, re.MULTILINE)
    return {
        name: (
            set(re.findall(r"\*\*`(\w+)`\*\*", fields)),
            set(re.findall(r"(?<!\*)`(\w+)`", fields)),
        )
        for name, fields in rows
    }


def in_contract(payloads) -> dict[str, tuple[set[str], set[str]]]:
    return {
        name: (set(schema["required"]), set(schema["properties"]) - set(schema["required"]))
        for name, schema in payloads.items()
    }


@pytest.mark.parametrize("service", list(CONTRACTS))
def test_the_pages_tables_name_the_types_and_fields_of_the_contract(service):
    page, contract = PAGES[service], CONTRACTS[service]
    assert fields_told(page, "You send") == in_contract(contract.payloads)
    assert fields_told(page, "We tell you") == in_contract(contract.tells)


def test_the_pages_tables_name_the_states_that_are_told():
    for service, page in PAGES.items():
        text = page.read_text(encoding="utf-8")
        missing = [
            told.status
            for told in CONTRACTS[service].told.values()
            if f"`{told.status}`" not in text
        ]
        assert missing == [], service
        assert f"agency-api/{page.name}" in GUIDE.read_text(encoding="utf-8")
