"""A short run of bin/faults: nothing accepted is lost, and the whole count comes out."""

import os
import subprocess
import sys

import pytest

from controlroom.runtime import debian
from controlroom.runtime.places import CHECKOUT

pytestmark = [pytest.mark.live, pytest.mark.long]

# What bin/faults does, with this very Python and nothing installed; what bin/test keeps of the
# migrated tables spares it most of a minute of migrating.
PROGRAM = """
import sys
from pathlib import Path
from controlroom.runtime import embedded, faults, packages, run, template

packages.PYTHON = Path(sys.executable)
run.provide = lambda **_wanted: None
create = embedded.Cluster.create_database
def created(cluster):
    create(cluster)
    template.fill(cluster, embedded.NAME)
embedded.Cluster.create_database = created
sys.exit(faults.main(sys.argv[1:]))
"""


def test_a_short_run_of_faults_loses_nothing():
    if not debian.find_postgres() or not debian.find_redis():
        pytest.skip("no PostgreSQL or Redis program on this machine")
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CONTROLROOM_", "PYTEST_", "PG", "DJANGO_"))
        and name not in {"DATABASE_URL", "REDIS_URL"}
    } | {"PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-P", "-c", PROGRAM, "--minutes", "0.4", "--seed", "5"]
    done = subprocess.run(
        command, env=env, cwd=CHECKOUT, capture_output=True, text=True, timeout=1500, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    assert "PASSED" in done.stdout
