"""What the machine itself lacks: PostgreSQL with PostGIS, Redis, fonts, a browser; one apt call."""

import glob
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from controlroom.runtime.places import CHECKOUT, CannotRun

OLDEST_POSTGRES = 14
# Unpacked for the tests alone: installed, it would start a service of the system on port 80.
NGINX = CHECKOUT / ".venv" / "nginx"
# Likewise: installed, it would open itself to the network.
JANUS = CHECKOUT / ".venv" / "janus"
CJK_FONT = "/usr/share/fonts/opentype/noto/NotoSansCJK-*.ttc"


@dataclass(frozen=True)
class Postgres:
    """One installed PostgreSQL that has PostGIS."""

    version: int
    binaries: Path


@dataclass(frozen=True)
class Wanted:
    """What a command needs of the machine."""

    postgres: bool = True
    redis: bool = True
    venv: bool = True
    browser: bool = False


def find_postgres() -> list[Postgres]:
    """List the installed PostgreSQL versions that have PostGIS, newest first."""
    found = []
    for folder in Path("/usr/lib/postgresql").glob("*/bin"):
        version = folder.parent.name
        control = Path("/usr/share/postgresql") / version / "extension" / "postgis.control"
        if version.isdigit() and (folder / "initdb").exists() and control.exists():
            found.append(Postgres(int(version), folder))
    found += [] if found else _postgres_on_path()
    usable = [postgres for postgres in found if postgres.version >= OLDEST_POSTGRES]
    return sorted(usable, key=lambda postgres: postgres.version, reverse=True)


def _postgres_on_path() -> list[Postgres]:
    if not (pg_config := shutil.which("pg_config")):
        return []

    def ask(option: str) -> str:
        return subprocess.run(
            [pg_config, option], capture_output=True, text=True, check=False
        ).stdout.strip()

    binaries, shared = Path(ask("--bindir")), Path(ask("--sharedir"))
    version = re.search(r"(\d+)", ask("--version"))
    complete = (binaries / "initdb").exists() and (shared / "extension/postgis.control").exists()
    return [Postgres(int(version[1]), binaries)] if version and complete else []


def find_redis() -> str | None:
    """Find the Redis server. Debian's redis-tools holds it too, under the name of a checker:
    one program that looks at the name it is started by; redis-server only adds the service.
    """
    return shutil.which("redis-server") or shutil.which("redis-check-rdb")


def find_browser() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


def provide(wanted: Wanted) -> None:
    """Install what is missing, saying so first; nothing when nothing is missing.

    Raises: CannotRun with the line to type when this machine cannot be helped from here.
    """
    lacking = missing(wanted)
    if not lacking:
        return
    print(f"This machine lacks {', '.join(lacking)}.", flush=True)
    if not shutil.which("apt-get"):
        raise CannotRun(
            "only Debian and Ubuntu are set up by themselves; install "
            f"{', '.join(lacking)} yourself, or set DATABASE_URL and REDIS_URL"
        )
    privileged = privilege()
    if not _run([*privileged, "apt-get", "update", "-qq"]):
        print("apt-get update failed; going on with the package lists that are here.", flush=True)
    packages = [_package(name) for name in lacking]
    print(f"Installing with apt: {' '.join(packages)}", flush=True)
    script = INSTALL_WITHOUT_CLUSTER if "PostgreSQL with PostGIS" in lacking else INSTALL
    if not _run([*privileged, "sh", "-ec", script, "install", *packages]):
        raise CannotRun(
            "apt could not install what is missing; look at its messages above, or type: "
            f"sudo apt-get install --no-install-recommends {' '.join(packages)}"
        )
    if left := missing(wanted):
        raise CannotRun(f"still missing after the installation: {', '.join(left)}")


def missing(wanted: Wanted) -> list[str]:
    """Name what is wanted and not here, in words."""
    here = {
        "PostgreSQL with PostGIS": not wanted.postgres or bool(find_postgres()),
        "Redis": not wanted.redis or bool(find_redis()),
        "Python's venv": not wanted.venv or importlib.util.find_spec("ensurepip") is not None,
        "Chromium": not wanted.browser or bool(find_browser()),
        "Korean fonts": not wanted.browser or bool(glob.glob(CJK_FONT)),  # noqa: PTH207 - absolute
        # The agency guide's examples are run as printed.
        "curl": not wanted.browser or bool(shutil.which("curl")),
    }
    return [name for name, present in here.items() if not present]


def find_nginx() -> str | None:
    """Find an nginx that answers: the machine's, or what provide_nginx has unpacked."""
    for program in (shutil.which("nginx"), "/usr/sbin/nginx", NGINX / "usr" / "sbin" / "nginx"):
        if program and Path(program).exists() and _answers([str(program), "-v"]):
            return str(program)
    return None


def provide_nginx() -> str | None:
    """Unpack Debian's nginx for the tests where there is none; None when that cannot be done."""
    if found := find_nginx():
        return found
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    print(f"Unpacking Debian's nginx into {NGINX.relative_to(CHECKOUT)} for the tests.", flush=True)
    # Ubuntu 22.04 has the program in the second.
    for package in ("nginx", "nginx-light"):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                ["apt-get", "download", "-qq", package],
                cwd=folder,
                check=False,
                capture_output=True,
            )
            for archive in Path(folder).glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", archive, NGINX], check=False)
        if found := find_nginx():
            return found
    return None


@dataclass(frozen=True)
class Janus:
    """Debian's Janus: the machine's, or one that was unpacked beside it."""

    root: Path

    @property
    def program(self) -> Path:
        return self.root / "usr" / "bin" / "janus"

    @property
    def modules(self) -> Path | None:
        """The folder of its plugins and transports; Debian names it by the kind of machine."""
        return next(self.root.glob("usr/lib/*/janus"), None)

    @property
    def libraries(self) -> dict[str, str]:
        """What its environment needs for what was unpacked with it."""
        beside = self.modules
        return (
            {} if self.root == Path("/") or not beside else {"LD_LIBRARY_PATH": f"{beside.parent}"}
        )


def find_janus() -> Janus | None:
    """Find a Janus that answers: the machine's, or what provide_janus has unpacked."""
    for janus in (Janus(Path("/")), Janus(JANUS)):
        if janus.program.exists() and janus.modules:
            own = os.environ | janus.libraries
            if _answers([str(janus.program), "--help"], own):
                return janus
    return None


def provide_janus() -> Janus | None:
    """Unpack Debian's Janus, and what of it this machine lacks, where there is none."""
    if found := find_janus():
        return found
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return None
    print(f"Unpacking Debian's Janus into {JANUS.relative_to(CHECKOUT)} for the tests.", flush=True)
    wanted = ["apt-get", "install", "--simulate", "-qq", "--no-install-recommends", "janus"]
    said = subprocess.run(wanted, check=False, capture_output=True, text=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        names = re.findall(r"(?m)^Inst (\S+)", said)
        subprocess.run(
            ["apt-get", "download", "-qq", *names], cwd=folder, check=False, capture_output=True
        )
        for archive in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", archive, JANUS], check=False)
    return find_janus()


def _answers(command: list[str], env: dict[str, str] | None = None) -> bool:
    return subprocess.run(command, check=False, capture_output=True, env=env).returncode == 0


def _package(name: str) -> str:
    if name == "PostgreSQL with PostGIS":
        return _postgis_package()
    if name == "Chromium":
        return "chromium" if _known("chromium") else "chromium-browser"
    return {
        # The server without the system service that redis-server would start on port 6379.
        "Redis": "redis-tools",
        "Python's venv": f"python{sys.version_info[0]}.{sys.version_info[1]}-venv",
        "Korean fonts": "fonts-noto-cjk",
        "curl": "curl",
    }[name]


def _postgis_package() -> str:
    """Choose PostGIS for the PostgreSQL that is here, else for the newest that apt knows."""
    listed = subprocess.run(
        ["apt-cache", "search", "--names-only", "^postgresql-[0-9]+-postgis-3$"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    versions = sorted({int(found) for found in re.findall(r"postgresql-(\d+)-postgis-3", listed)})
    if not versions:
        raise CannotRun("apt knows no postgresql-NN-postgis-3; Debian 12 or Ubuntu 22.04 has it")
    installed = [v for v in versions if Path(f"/usr/lib/postgresql/{v}/bin/initdb").exists()]
    return f"postgresql-{(installed or versions)[-1]}-postgis-3"


def _known(package: str) -> bool:
    shown = subprocess.run(["apt-cache", "show", package], capture_output=True, check=False)
    return shown.returncode == 0


def privilege() -> list[str]:
    """Give what goes before a command that needs root."""
    if os.geteuid() == 0:
        return []
    if sudo := shutil.which("sudo"):
        return [sudo] if sys.stdin.isatty() else [sudo, "-n"]
    raise CannotRun("packages are missing; run this once as root, or install sudo")


def _run(command: list[str]) -> bool:
    return subprocess.run(command, stdin=None, check=False).returncode == 0


INSTALL = """
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1 || { tail -n 40 "$log"; exit 1; }
"""
# Debian would create and start a cluster of the system's own with the first PostgreSQL it installs;
# afterwards the file is what the package would have written.
INSTALL_WITHOUT_CLUSTER = """
export DEBIAN_FRONTEND=noninteractive
file=/etc/postgresql-common/createcluster.conf
ours=
log=$(mktemp)
restore() {
  rm -f "$log"
  if [ -n "$ours" ]; then
    if [ -f /usr/share/postgresql-common/createcluster.conf ]; then
      cp /usr/share/postgresql-common/createcluster.conf "$file"
      rm -f "$file.ucf-dist"
    else
      rm -f "$file"
    fi
  fi
}
if [ ! -e "$file" ] && ! [ -d /usr/share/postgresql-common ]; then
  mkdir -p /etc/postgresql-common
  echo "create_main_cluster = false" > "$file"
  ours=yes
fi
trap restore EXIT
apt-get install -y -qq --no-install-recommends "$@" >"$log" 2>&1 || { tail -n 40 "$log"; exit 1; }
"""
