"""bin/manage: Django's manage.py against the services of this checkout."""

from controlroom.runtime import joined, packages, run
from controlroom.runtime.places import CHECKOUT

HELP = """usage: bin/manage COMMAND [ARGUMENTS]

Run Django's manage.py against the services of this checkout: the ones that bin/run keeps, or else
private ones that are started for this command. `bin/manage help` lists the commands."""


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in {"-h", "--help"}:
        print(HELP)
        return 0
    run.provide(develop=False)
    return joined.attached([str(packages.PYTHON), str(CHECKOUT / "manage.py"), *arguments])
