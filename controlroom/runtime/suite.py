"""bin/test: everything the tests need, on services that are thrown away; ends as pytest ends."""

import shutil
import subprocess
import sys

from controlroom.runtime import debian, embedded, house, joined, packages, places, run, template
from controlroom.runtime.places import CHECKOUT
from controlroom.runtime.supervisor import Supervisor

HELP = """usage: bin/test [--thorough] [PYTEST ARGUMENTS]

Run bin/check and every test, on a private PostgreSQL and Redis that are thrown away. With arguments
they go to pytest and bin/check is left out: bin/test tests/cctv -k nearest. Installs what is
missing (saying so first), Chromium for the browser tests included.

--thorough runs the same tests with everything that the ordinary run takes a part of (README)."""


def main(arguments: list[str]) -> int:
    if arguments[:1] in (["-h"], ["--help"]):
        print(HELP)
        return 0
    thorough = arguments[:1] == ["--thorough"]
    run.provide(develop=True, browser=True)
    if debian.provide_nginx() is None:
        print("  skipped  tests/live/test_nginx.py: no nginx on this machine", flush=True)
    if debian.provide_janus() is None:
        print("  skipped  tests/browser/test_whep.py: no Janus on this machine", flush=True)
    temporary = places.throw_away("test")
    try:
        with joined.temporary(temporary, careless=True) as (supervisor, env):
            env["CONTROLROOM_TEST_THOROUGH"] = str(int(thorough))
            return _all(supervisor, env, arguments[thorough:])
    except KeyboardInterrupt:
        return 130
    finally:
        temporary.remove()


def _all(supervisor: Supervisor, env: dict[str, str], arguments: list[str]) -> int:
    # The tests choose their own values; only the services and the folder are given to them.
    given = {name: value for name, value in env.items() if name in FOR_TESTS}
    for_tests = embedded.environment() | given
    made = template.Template(supervisor, env) if embedded.wanted()[0] else None
    failed = [] if arguments else house.check(env)
    if not arguments and not _browser_modules():
        failed.append("tests/js")
    if made:
        for_tests["CONTROLROOM_TEST_TEMPLATE"] = template.NAME
        code = made.finish()
    else:
        code = supervisor.attached([str(packages.PYTHON), "-m", "controlroom.runtime.prepare"], env)
    if code:
        return code
    for_tests["CONTROLROOM_FAILED_CHECKS"] = ", ".join(failed)
    pytest = [str(packages.PYTHON), "-m", "pytest", *(arguments or AT_ONCE)]
    code = supervisor.attached(pytest, for_tests)
    return code or bool(failed)


def _browser_modules() -> bool:
    """Run the tests of the pure browser modules where Node is; say so where it is not."""
    node = shutil.which("node")
    folder = CHECKOUT / "tests" / "js"
    if node is None or not folder.is_dir():
        print("  skipped  tests/js: no Node on this machine", flush=True)
        return True
    command = [node, "--test", "--test-reporter=dot", *map(str, sorted(folder.glob("*.test.*js")))]
    done = subprocess.run(
        command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr, flush=True)
    print(f"  {'FAILED' if done.returncode else 'ok'}  tests/js", flush=True)
    return done.returncode == 0


# More than there are cores: most of them wait for a browser, a server or a clock. A worker with
# nothing left takes half of what waits at another; modules stay together till then.
AT_ONCE = ["-n", "3", "--dist", "worksteal"]
FOR_TESTS = {
    "CONTROLROOM_STATE_DIR",
    "CONTROLROOM_TEST_THOROUGH",
    "DATABASE_URL",
    "PATH",
    "PYTHONPATH",
    "REDIS_URL",
}
