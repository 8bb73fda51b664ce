"""A generic OpenAPI tester, from outside, on the whole agency API: nothing it sends breaks it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from linkage.demo.link import room_link
from linkage.models import InboxMessage, Link
from linkage.services.contracts import CONTRACTS
from tests.conftest import THOROUGH
from tests.linkage.conftest import token_for
from tests.live.conftest import start_web, web  # noqa: F401 - fixtures

pytestmark = [pytest.mark.live, pytest.mark.long]
SETTINGS = Path(__file__).parent / "schemathesis"
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "25" if THOROUGH else "5")
# What stands in inside.toml for the ordinary run alone.
PART_OF_BODIES = "phases.coverage.enabled = false\ngeneration.max-examples = 60\n"
PROGRAM = (sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()")


@pytest.fixture
def generate(web, city, tmp_path):  # noqa: F811
    """Run every phase and every check, with valid and invalid data, from a fixed seed."""
    limits = {"rate_per_s": 1000, "burst": 10_000}
    link = room_link("police112", municipality=city, push_url="", **limits).link
    for service in CONTRACTS.keys() - {link.service}:
        other = Link(agency=link.agency, service=service, code=f"{service}-{city.code}", **limits)
        other.municipality, other.application = city, link.application
        other.save()
    token = token_for(link, " ".join(CONTRACTS))

    def run(config: str, **environment: str) -> int:
        settings = (SETTINGS / config).read_text(encoding="utf-8")
        if THOROUGH:
            settings = settings.replace(PART_OF_BODIES, "")
        (tmp_path / config).write_text(settings, encoding="utf-8")
        done = subprocess.run(
            [
                *PROGRAM,
                *("--config-file", str(tmp_path / config), "run"),
                f"{web.url}/api/v1/schema/?format=json",
                *("--header", f"Authorization: Bearer {token}"),
                *("--checks", "all", "--mode", "all", "--seed", "1", "--max-examples", EXAMPLES),
                "--no-color",
            ],
            check=False,
            cwd=tmp_path,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=1200,
        )
        errors = [line for line in web.log().splitlines() if '"error"' in line]
        assert done.returncode == 0, "\n".join([done.stdout, done.stderr, *errors[-3:]])
        counted = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
        assert counted, done.stdout
        assert counted[1] == counted[2]
        return int(counted[1])

    return run


def test_an_outside_tester_that_knows_only_the_schema_finds_no_failure(generate):
    assert generate("outside.toml") > 300


def test_an_outside_tester_with_a_link_reaches_the_core_and_finds_no_failure(generate):
    assert generate("inside.toml", SCHEMATHESIS_HOOKS=str(SETTINGS / "hooks.py")) > 300
    assert InboxMessage.objects.count() > 20
