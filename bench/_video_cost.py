"""What it costs to let so many viewers watch one camera by one way; run by video.py."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bench._video_city import CODE, TOKEN, City
from bench._video_front import Front, children

VIEWERS = Path(__file__).with_name("_video_viewers.py")
# At rest the web process uses less than this part of a processor for so many seconds.
SETTLED, SETTLED_S = 0.005, 4.0


def cpu_s(pids: list[int]) -> float:
    """Seconds of processor that these processes have used; one that ended counts as nothing."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def rss_kb(pids: list[int]) -> int:
    total = 0
    for pid in pids:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        total += int(found[1]) if found else 0
    return total


def database_pids() -> list[int]:
    """Name the processes of PostgreSQL where it runs on this machine."""
    from django.db import connection  # noqa: PLC0415 - after set-up

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        own = cursor.fetchone()[0]
    with contextlib.suppress(OSError, IndexError):
        parent = int(Path(f"/proc/{own}/stat").read_text().rsplit(")", 1)[1].split()[1])
        return [parent, *children(parent)]
    return []


def tickets_of(address: str, city: City, number: int) -> list[str]:
    cookies = {"sessionid": city.session, "csrftoken": TOKEN}
    headers = {"X-CSRFToken": TOKEN, "Origin": address, "Referer": f"{address}/"}
    url = f"/m/{CODE}/cctv/cameras/{city.cameras[0].pk}/ticket/"
    with httpx.Client(base_url=address, cookies=cookies, headers=headers, timeout=20) as client:
        answers = [client.post(url, json={"purpose": "bench"}) for _ in range(number)]
    for answer in answers:
        answer.raise_for_status()
    return [answer.json()["ticket"] for answer in answers]


def settle(there: Front, *, longest_s: float = 60.0) -> None:
    """Wait until nobody works any more for what was measured before, or so long."""
    deadline = time.monotonic() + longest_s
    while time.monotonic() < deadline:
        before = cpu_s([there.web_pid])
        time.sleep(SETTLED_S)
        if cpu_s([there.web_pid]) - before < SETTLED * SETTLED_S:
            return
    print("  the web process did not come to rest")


def crowd(there: Front, city: City, way: str, viewers: int, seconds: float) -> dict[str, Any]:
    """Let so many viewers watch one camera by one way; what it cost."""
    address = there.web if way == "relay" else there.proxy
    camera = city.cameras[0].pk
    at = urlsplit(address)
    order = {"host": at.hostname, "port": at.port, "cookie": f"sessionid={city.session}",
             "seconds": seconds, "playlist": f"/video/{camera}/live.m3u8",
             "state": f"/video/{camera}/state"}  # fmt: skip
    if way == "bare":
        keep = tickets_of(there.web, city, 1)[0]
        shown = {"Authorization": f"Ticket {keep}"}
        cookies = {"sessionid": city.session}
        httpx.get(f"{there.web}{order['playlist']}", headers=shown, cookies=cookies, timeout=20)
        run = json.loads((there.pictures / str(camera) / "state.json").read_text())["run"]
        order |= {"playlist": f"/bare/{camera}/{run}.m3u8", "state": f"/bare/{camera}/state.json"}
        order["tickets"] = ["x"] * viewers
    else:
        order["tickets"] = tickets_of(address, city, viewers)
    load = subprocess.Popen(
        [sys.executable, str(VIEWERS), json.dumps(order)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert load.stdin
    assert load.stdout
    if load.stdout.readline().strip() != "ready":
        raise SystemExit(f"the viewers of {way} did not come in")
    groups = {"web": [there.web_pid], "nginx": there.proxy_pids, "database": database_pids()}
    before = {name: cpu_s(pids) for name, pids in groups.items()}
    load.stdin.write("go\n")
    load.stdin.flush()
    memory = dict.fromkeys(("web", "nginx"), 0)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.5)
        memory = {name: max(memory[name], rss_kb(groups[name])) for name in memory}
        if way == "bare":
            # Nobody's view keeps this relay running.
            (there.pictures / str(camera) / "wanted").touch()
    said = json.loads(load.stdout.readline())
    load.wait(20)
    spent = {name: cpu_s(pids) - before[name] for name, pids in groups.items()}
    if not said["good"]:
        raise SystemExit(f"no viewer saw anything by {way}")
    each = {f"{name}_ms": value * 1000 / said["good"] for name, value in spent.items()}
    return {**each, **{f"{name}_kb": value for name, value in memory.items()}, **said}


def costs(figures: dict[str, float], cost: dict[str, Any], way: str, viewers: int) -> None:
    own = {"relay": ("web",), "nginx": ("web", "nginx"), "bare": ("nginx",)}[way]
    name = f"cpu_ms_per_viewer_s_{viewers}"
    figures[f"{name}_{way}"] = sum(cost[f"{part}_ms"] for part in own)
    if way == "nginx":
        figures[name] = figures[f"{name}_nginx"]
    figures[f"memory_mb_{viewers}_{way}"] = sum(cost[f"{part}_kb"] for part in own) / 1024
    print(
        f"  {viewers:3} viewers by {way:5}: web {cost['web_ms']:.2f}, "
        f"nginx {cost['nginx_ms']:.2f}, "
        f"database {cost['database_ms']:.2f}, client "
        f"{cost['client_cpu_s'] * 1000 / cost['good']:.2f} ms a viewer and second; a round p99 "
        f"{cost['round_p99_s'] * 1000:.0f} ms, late {cost['late']}, refused "
        f"{cost['bad']} of {cost['good'] + cost['bad']} {cost['refused'] or ''}; "
        f"{cost['bytes'] / cost['good'] / 1024:.0f} kB a piece"
    )
