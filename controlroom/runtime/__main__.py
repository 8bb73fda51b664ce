"""The way in from the scripts of bin/: one name, one command."""

import sys

from controlroom.runtime import bench, faults, house, manage, run, suite
from controlroom.runtime.places import CannotRun

COMMANDS = {
    "run": run.main,
    "test": suite.main,
    "check": house.main,
    "manage": manage.main,
    "bench": bench.main,
    "faults": faults.main,
}


def main() -> int:
    name, *arguments = sys.argv[1:]
    try:
        return COMMANDS[name](arguments)
    except CannotRun as reason:
        print(f"bin/{name}: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


sys.exit(main())
