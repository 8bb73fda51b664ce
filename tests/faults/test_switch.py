"""A watcher is left out in the throw-away folder of a run of faults, and nowhere else."""

import os
import subprocess
import sys

import pytest

from controlroom.runtime.faults import MARKER
from controlroom.runtime.places import CHECKOUT

ASK = "from controlroom import settings; print(settings.FAULTS_WITHOUT)"


@pytest.mark.parametrize(("marked", "left_out"), [(True, "sweeper"), (False, "")])
def test_a_watcher_is_left_out_only_where_a_run_of_faults_has_left_its_mark(
    tmp_path, marked, left_out
):
    if marked:
        (tmp_path / MARKER).touch()
    env = os.environ | {
        "CONTROLROOM_STATE_DIR": str(tmp_path),
        "CONTROLROOM_FAULTS_WITHOUT": "sweeper",
        "CONTROLROOM_SECRET_KEY": "x" * 60,
        "CONTROLROOM_FIELD_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "CONTROLROOM_AUDIT_KEY": "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OTAxMjM0NTY=",
        "CONTROLROOM_ALLOWED_HOSTS": "localhost",
        "DATABASE_URL": "postgis://nobody@/nothing",
        "REDIS_URL": "unix:///nowhere/redis.sock?db=0",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        env=env,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == left_out
