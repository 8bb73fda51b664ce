"""Runs the tests of the pure browser modules under node, where node is installed."""

import shutil
import subprocess
from pathlib import Path

import pytest


def test_pure_modules_pass_their_own_tests():
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    files = sorted(str(path) for path in Path(__file__).parent.glob("*.test.mjs"))
    ran = subprocess.run(
        [node, "--test", *files], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
