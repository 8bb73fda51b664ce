"""The migrated database of bin/test: made beside bin/check, copied by every worker of pytest.

Migrating an empty database takes most of a minute of computing, all of it Django drawing its models
anew after every step; copying takes a second. What was made is kept as SQL in .venv for as long as
no migration changes; `migrate` runs on it all the same.
"""

import hashlib
import re
from pathlib import Path

from controlroom.runtime import embedded, packages
from controlroom.runtime.places import CHECKOUT, CannotRun, write_private
from controlroom.runtime.supervisor import Supervisor

NAME = "controlroom_template"
KEPT = packages.VENV / "test-template"
ROOMS = ("controlroom", "cctv", "incidents", "linkage")
IMPORTED = re.compile(rf"^(?:from|import) ((?:{'|'.join(ROOMS)})[\w.]*)(?: import (.+))?$", re.M)


class Template:
    """One run's template; private services only: nobody else's database is migrated."""

    def __init__(self, supervisor: Supervisor, env: dict[str, str]) -> None:
        self._supervisor = supervisor
        self._cluster = embedded.Cluster(supervisor.places)
        self._cluster.create_database(NAME)
        fill(self._cluster, NAME)
        command = [str(packages.PYTHON), "-m", "controlroom.runtime.prepare", "migrate"]
        self._migrating = supervisor.begin(
            command, env | {"DATABASE_URL": self._cluster.address_of(NAME)}
        )

    def finish(self) -> int:
        """Wait until it is migrated and keep it for the next run; give the exit code."""
        code = self._supervisor.finish(self._migrating)
        kept = _kept(self._cluster)
        if not code and not kept.exists():
            KEPT.mkdir(exist_ok=True)
            for other in KEPT.iterdir():
                other.unlink(missing_ok=True)
            write_private(kept, self._cluster.dump(NAME))
        return code


def fill(cluster: embedded.Cluster, database: str) -> None:
    """Begin a new database with what was kept, if it was; what cannot be read is made again."""
    kept = _kept(cluster)
    try:
        cluster.fill(database, kept.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except CannotRun:
        kept.unlink()


def _kept(cluster: embedded.Cluster) -> Path:
    return KEPT / f"{_fingerprint(cluster.version)}.sql"


def _fingerprint(server: int) -> str:
    """Digest what makes the tables: the migrations, what they import of ours, and the packages."""
    found = set(CHECKOUT.glob("*/migrations/*.py")) | set(CHECKOUT.glob("*/*/migrations/*.py"))
    digest = hashlib.sha256(str(server).encode())
    imported = {path for one in found for path in _imported(one)}
    for path in sorted(found | imported | {CHECKOUT / packages.RUN}):
        digest.update(str(path.relative_to(CHECKOUT)).encode() + path.read_bytes())
    return digest.hexdigest()[:20]


def _imported(migration: Path) -> set[Path]:
    named = set()
    for module, names in IMPORTED.findall(migration.read_text(encoding="utf-8")):
        folder = CHECKOUT.joinpath(*module.split("."))
        parts = re.findall(r"\w+", names)
        named |= {folder.with_suffix(".py"), *(folder / f"{part}.py" for part in parts)}
    return {path for path in named if path.is_file()}
