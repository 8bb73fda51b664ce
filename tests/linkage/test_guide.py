"""The agency guide does what it says: every example of docs/agency-api.md is run as printed."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from incidents import lifecycle
from incidents.models import Incident
from linkage import errors
from linkage.choices import OutboxState
from linkage.links import (
    create_fire119_link,
    create_police112_link,
    issue_client,
    new_webhook_secret,
)
from linkage.models import Case, Engine, FireCase, FireTime, OutboxMessage
from linkage.transport import sign
from tests.linkage.conftest import api_client, envelope
from tests.live.conftest import start_web, web  # noqa: F401 - fixtures

GUIDE = Path(__file__).parent.parent.parent / "docs" / "agency-api.md"


def examples(language: str, service: str = "") -> list[str]:
    """Give the examples of a service's section, or of the numbered ones before them all."""
    sections = re.split(r"^## ", GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    wanted = [
        one
        for at, one in enumerate(sections)
        if (one.startswith(f"{service}\n") if service else at == 0 or one[0].isdigit())
    ]
    text = "\n".join(wanted)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        check=False,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.live
def test_the_guides_examples_run_against_a_real_server(web, city, haneul, tmp_path):  # noqa: F811
    made = create_police112_link(municipality=city, push_url="")
    environment = {
        "BASE_URL": web.url,
        "CLIENT_ID": made.client_id,
        "CLIENT_SECRET": made.client_secret,
        "LINK": made.link.code,
    }
    shell = examples("bash")
    assert len(shell) == 5
    run(["bash", "-euo", "pipefail", "-c", "\n".join(shell[:4])], tmp_path, environment)
    run([sys.executable, "-c", examples("python")[0]], tmp_path, environment)
    assert set(Case.objects.values_list("external_id", flat=True)) == {
        "guide-000481",
        "guide-000482",
    }
    assert Incident.objects.get(cases__external_id="guide-000481").address == "한빛시 중앙로 14"
    for incident in Incident.objects.all():
        lifecycle.acknowledge(incident=incident, by=haneul)
    fetch = "\n".join([shell[0], shell[1], shell[4]])
    run(["bash", "-euo", "pipefail", "-c", fetch], tmp_path, environment)
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {OutboxState.ACKED}


@pytest.mark.live
def test_the_examples_of_fire_119_run_against_a_real_server(web, city, tmp_path):  # noqa: F811
    made = create_fire119_link(municipality=city, push_url="")
    environment = {
        "BASE_URL": web.url,
        "CLIENT_ID": made.client_id,
        "CLIENT_SECRET": made.client_secret,
        "LINK": made.link.code,
    }
    (shell,) = examples("bash", "Fire 119")
    run(["bash", "-euo", "pipefail", "-c", shell], tmp_path, environment)
    assert FireCase.objects.get().state == "ended"
    assert set(FireTime.objects.values_list("step", flat=True)) == {
        "received",
        "ordered",
        "departed",
    }
    assert Engine.objects.get(call_sign="한빛펌프1").location.x == pytest.approx(127.372)


@pytest.mark.live
def test_the_examples_of_self_service_run_against_a_real_server(
    web,  # noqa: F811
    city,
    haneul,
    link,
    tmp_path,
):
    secret = issue_client(link=link)
    environment = {
        "BASE_URL": web.url,
        "CLIENT_ID": secret.client_id,
        "CLIENT_SECRET": secret.client_secret,
        "LINK": link.code,
    }
    api_client(link).post(f"/api/v1/links/{link.code}/messages", envelope(), format="json")
    lifecycle.acknowledge(incident=Incident.objects.get(), by=haneul)
    (shell,) = examples("bash", "Self-service")
    said = run(["bash", "-euo", "pipefail", "-c", shell], tmp_path, environment)
    assert '"whsec_' in said
    (program,) = examples("python", "Self-service")
    run([sys.executable, "-c", program], tmp_path, environment)
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {OutboxState.ACKED}


def test_the_guides_verification_admits_our_signature_and_no_other():
    known: dict = {}
    exec(examples("python")[1], known)
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
