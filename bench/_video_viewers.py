"""Many viewers of one camera in a process of their own: each asks as a player does, once a second.

A play list, the newest piece and the state, over one connection that stays open. Opens every view
first, says "ready", waits for a line, then asks for so many seconds and prints what it saw as JSON.
"""

import asyncio
import json
import os
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

PIECE = re.compile(rb"^[0-9a-f]{8}-[0-9]+\.m4s\s*$", re.MULTILINE)


@dataclass
class Counts:
    good: int = 0
    bad: int = 0
    bytes: int = 0
    late: int = 0
    took: list[float] = field(default_factory=list)
    # What was answered instead, by what was asked for: "piece 502".
    refused: Counter[str] = field(default_factory=Counter)


class Viewer:
    def __init__(self, order: dict[str, Any], ticket: str, counts: Counts) -> None:
        self.order, self.counts = order, counts
        head = f"Host: {order['host']}:{order['port']}\r\nCookie: {order['cookie']}\r\n"
        self.head = f"{head}Authorization: Ticket {ticket}\r\n\r\n"

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            self.order["host"], self.order["port"]
        )
        # The first play list may be late: it opens the view.
        await self.get(self.order["playlist"])

    async def get(self, path: str) -> tuple[int, bytes]:
        self.writer.write(f"GET {path} HTTP/1.1\r\n{self.head}".encode())
        said = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        status = int(said.split(b" ", 2)[1])
        if b"transfer-encoding: chunked" in said:
            body = b""
            while size := int(await self.reader.readline(), 16):
                body += await self.reader.readexactly(size)
                await self.reader.readline()
            await self.reader.readline()
            return status, body
        length = int(said.split(b"content-length:")[1].split(b"\r\n")[0])
        return status, await self.reader.readexactly(length)

    async def watch(self, offset: float, seconds: float) -> None:
        began = time.monotonic()
        under = self.order["playlist"].rsplit("/", 1)[0]
        due = began + offset
        while due < began + seconds:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.counts.late += time.monotonic() - due > 0.5
            asked = time.monotonic()
            listed, body = await self.get(self.order["playlist"])
            names = PIECE.findall(body)
            piece, sent = (
                await self.get(f"{under}/{names[-1].decode().strip()}") if names else (0, b"")
            )
            state, _ = await self.get(self.order["state"])
            self.counts.took.append(time.monotonic() - asked)
            if listed == piece == state == 200:
                self.counts.good += 1
                self.counts.bytes += len(sent)
            else:
                self.counts.bad += 1
            self.counts.refused.update(
                f"{what} {status}"
                for what, status in (("list", listed), ("piece", piece), ("state", state))
                if status != 200
            )
            due += 1.0


async def main(order: dict[str, Any]) -> None:
    counts = Counts()
    viewers = [Viewer(order, ticket, counts) for ticket in order["tickets"]]
    for at in range(0, len(viewers), 20):
        await asyncio.gather(*(viewer.open() for viewer in viewers[at : at + 20]))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    spent = os.times()
    watching = (
        viewer.watch(at / len(viewers), order["seconds"]) for at, viewer in enumerate(viewers)
    )
    await asyncio.gather(*watching)
    now = os.times()
    took = sorted(counts.took)
    said = {
        "good": counts.good,
        "bad": counts.bad,
        "late": counts.late,
        "refused": counts.refused,
        "bytes": counts.bytes,
        "round_p99_s": took[min(len(took) - 1, int(len(took) * 0.99))],
        "client_cpu_s": now.user + now.system - spent.user - spent.system,
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
