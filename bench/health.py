"""Faults of cameras: how soon they are known, false alarms per camera-day, what a look costs.

Scenes are generated (bench/_scenes.py: day and night, noise, cars, headlights, rain, mist, a
swaying pole), encoded as H.264 and decoded by the very filter of a probe, then judged and believed
by the very tables. Time is the camera's: a day is judged in minutes because only the frames of its
looks are drawn. False alarms: each camera learns one day (a look each 15 min) and is judged on
another with other weather, once in a turn of 300 s with the extra looks that a suspicion asks for,
and some every 10 s as while somebody watches. A false alarm is a state that was believed.
Detection: the fault begins at a random time; probed from a random moment of the turn, or watched.
"frozen" repeats the same coded picture, as a recorder does; "frozen_recoded" is a picture that
stands before an encoder whose quality wavers. Cost: real probes of a 1080p stream over HTTP, CPU of
ours and of the children. The floor is a bare ffmpeg that decodes the same key frames; `ratio` is
probe over floor. Needs no database.
"""

import argparse
import http.server
import json
import os
import random
import resource
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import django
from _scenes import HEIGHT, WIDTH, Scene

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlroom.settings")
django.setup()

from django.conf import settings  # noqa: E402 - after set-up

from cctv import addresses, picture_judgement, probe_command, probing, relay  # noqa: E402
from cctv.choices import SourceKind  # noqa: E402
from cctv.health_steps import AGAIN_S, LIVE_S, Memory, detected_within_s, step  # noqa: E402
from cctv.picture_judgement import Reference  # noqa: E402
from cctv.sources import Source  # noqa: E402

DAY_S, TURN_S = 86_400, 300
MIDNIGHT = datetime(2026, 11, 28, tzinfo=UTC)
STEADY, WAVERING = ("-qp", "30"), ("-b:v", "300k", "-maxrate", "300k", "-bufsize", "300k")
FAULTS = ("frozen", "frozen_recoded", "dark", "covered", "blurred", "lost")
# What a fault may rightly be called; a covered lens shows black by night.
NAMES = {
    "frozen": {"frozen"}, "frozen_recoded": {"frozen"}, "dark": {"dark"},
    "covered": {"covered", "dark"}, "blurred": {"blurred", "covered"}, "lost": {"offline"},
}  # fmt: skip


def decoded(frames: Iterator[Any], quality: tuple[str, ...] = STEADY) -> list[Any]:
    """Send frames through an encoder and the filter of a probe."""
    ffmpeg = relay.ffmpeg()
    quiet = ["-loglevel", "error"]
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", "1"]
    x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "1", *quality, "-pix_fmt", "yuv420p"]
    pipe = subprocess.PIPE
    graph = ["-vf", probe_command.GRAPH, "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]
    with (
        subprocess.Popen(
            [ffmpeg, *quiet, *raw, "-i", "pipe:0", *x264, "-f", "mpegts", "pipe:1"],
            stdin=pipe, stdout=pipe,
        ) as encoder,
        subprocess.Popen(
            [ffmpeg, *quiet, "-i", "pipe:0", *graph], stdin=encoder.stdout, stdout=pipe
        ) as decoder,
    ):  # fmt: skip
        assert encoder.stdin and encoder.stdout and decoder.stdout  # noqa: PT018
        encoder.stdout.close()

        def feed() -> None:
            for frame in frames:
                encoder.stdin.write(frame.tobytes())
            encoder.stdin.close()

        feeder = threading.Thread(target=feed)
        feeder.start()
        body = decoder.stdout.read()
        feeder.join()
    return picture_judgement.frames_of(body)


def looks(
    scene: Scene, times: list[float], *, frames: int = probe_command.FRAMES,
    fault: str = "", since_s: float = 0.0,
) -> list[Any]:  # fmt: skip
    """Give the measures of looks at these seconds of the day, each of frames a second apart."""
    recoded = fault == "frozen_recoded"
    drawn = (
        scene.frame(at + number, fault=fault.removesuffix("_recoded"), since_s=since_s)
        for at in times
        for number in range(frames)
    )
    got = decoded(drawn, WAVERING if recoded else STEADY)
    return [
        picture_judgement.measure(got[at * frames : (at + 1) * frames]) for at in range(len(times))
    ]


def hour_of(at: float) -> int:
    return int(at // 3600) % 24


def learned(scene: Scene) -> Reference:
    reference = Reference()
    times = [float(at) for at in range(0, DAY_S, 900)]
    for at, seen in zip(times, looks(scene, times), strict=True):
        reference = picture_judgement.learn(seen, reference, hour_of(at))
    return reference


class Believer:
    """What the prober and cctv.health do with looks, without their rows."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.memory = Memory("online", MIDNIGHT)
        self.alarms: list[str] = []

    def take(self, at: float, seen: Any) -> None:
        says = "offline"
        if seen is not None:
            says = picture_judgement.judge(seen, self.reference, hour_of(at)).value
            if self.memory.state == "frozen" and seen.change is None:
                says = "frozen"
        before = self.memory.state
        self.memory = step(self.memory, says, MIDNIGHT + timedelta(seconds=at))
        if self.memory.state not in {before, "online"}:
            self.alarms.append(f"{self.memory.state} at {at / 3600:.2f} h")
        if seen is not None and says == self.memory.state == "online":
            self.reference = picture_judgement.learn(seen, self.reference, hour_of(at))


def false_alarms(seed: int, *, is_watched: bool, reference: Reference) -> list[str]:
    """Judge one normal day of one camera."""
    scene, believer = Scene(seed, day_number=1), Believer(reference)
    every = LIVE_S if is_watched else TURN_S
    frames = 1 if is_watched else probe_command.FRAMES
    begins = random.Random(seed).uniform(0, every)
    times = [begins + every * number for number in range(int(DAY_S // every))]
    for at, seen in zip(times, looks(scene, times, frames=frames), strict=True):
        believer.take(at, seen)
        again = at
        while not is_watched and believer.memory.suspects and again + AGAIN_S < at + TURN_S:
            again += AGAIN_S
            believer.take(again, looks(scene, [again])[0])
    return believer.alarms


def detection_s(
    seed: int, fault: str, reference: Reference, *, is_watched: bool, patience_s: float
) -> float | None:
    """Give the seconds from a fault to its state; None when it was not known in time."""
    chance = random.Random(f"{seed} {fault} {is_watched}")
    scene, believer = Scene(seed, day_number=1), Believer(reference)
    since = chance.uniform(0, DAY_S - 3600)
    at = since + chance.uniform(0.0, LIVE_S if is_watched else TURN_S)
    frames = 1 if is_watched and fault not in {"frozen", "frozen_recoded"} else probe_command.FRAMES
    while at - since < patience_s:
        seen = None
        if fault != "lost":
            seen = looks(scene, [at], frames=frames, fault=fault, since_s=since)[0]
        believer.take(at, seen)
        if believer.memory.state in NAMES[fault]:
            return at - since
        soon = AGAIN_S if believer.memory.suspects else TURN_S
        at += LIVE_S if is_watched else soon
    return None


# --- cost ----------------------------------------------------------------------------------------
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args: Any) -> None:
        """Say nothing."""


def film(folder: Path) -> None:
    """Encode ten seconds of a scene at 1080p, a key frame each second."""
    scene = Scene(3)
    raw = b"".join(scene.frame(50_000 + at / 10).tobytes() for at in range(100))
    subprocess.run(
        [relay.ffmpeg(), "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "gray",
         "-s", f"{WIDTH}x{HEIGHT}", "-r", "10", "-i", "pipe:0", "-vf", "scale=1920:1080",
         "-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", "-g", "10",
         "-pix_fmt", "yuv420p", str(folder / "film.ts")], input=raw, check=True,
    )  # fmt: skip


def cpu_s() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def cost(number: int) -> dict[str, float]:
    """Measure a probe, its poster, a bare ffmpeg on the same stream, and the judging alone."""
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        film(folder)
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), partial(Quiet, directory=str(folder))
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/film.ts"
        source = Source(SourceKind.STREAM, "x", address=addresses.parse(url, plain=True))
        paid, probes = {}, []
        # In turn, so that another load of the machine falls on both alike.
        for keep_s in (0, 600) * number:
            settings.POSTER_KEEP_S = keep_s
            at, spent = time.monotonic(), cpu_s()
            seen = probing.of_source(source)
            assert seen.look.measures is not None and seen.look.width == 1920  # noqa: PT018
            assert (seen.poster is not None) == (keep_s > 0)
            probes.append(time.monotonic() - at)
            paid[keep_s] = paid.get(keep_s, 0.0) + (cpu_s() - spent) / number
        probe_cpu = paid[600]
        spent = cpu_s()
        for _ in range(number):
            subprocess.run(
                [relay.ffmpeg(), "-loglevel", "error", "-threads", "1", "-skip_frame", "nokey",
                 "-i", url, "-frames:v", str(probe_command.FRAMES), "-f", "null", "-"], check=True,
            )  # fmt: skip
        floor_cpu = (cpu_s() - spent) / number
        server.shutdown()
    frames = decoded(Scene(3).frame(50_000 + at) for at in range(3))
    began = time.process_time()
    for _ in range(100):
        picture_judgement.measure(frames)
    return {
        "probe_cpu_ms": 1000 * probe_cpu,
        "poster_cpu_ms": 1000 * (probe_cpu - paid[0]),
        "probe_wall_p50_s": statistics.median(probes),
        "judge_ms_per_frame": (time.process_time() - began) * 1000 / 300,
        "probes_per_core_min": 60 / probe_cpu,
        "floor_cpu_ms": 1000 * floor_cpu,
    }


def detections(options: argparse.Namespace, references: dict[int, Reference]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for is_watched in (False, True):
        for fault in FAULTS:
            if is_watched and fault.startswith("frozen"):
                # A relay says this itself, of all its frames: tests/live/test_video_relay.py.
                continue
            took = [
                detection_s(
                    seed, fault, references[seed], is_watched=is_watched, patience_s=2 * TURN_S
                )
                for seed in (*references,) * options.rounds
            ]
            known = sorted(one for one in took if one is not None)
            name = f"{'watched' if is_watched else 'probed'}_{fault}"
            if known:
                figures[f"{name}_p50_s"] = statistics.median(known)
                figures[f"{name}_max_s"] = known[-1]
            figures[f"{name}_missed"] = len(took) - len(known)
            state = "offline" if fault == "lost" else fault.removesuffix("_recoded")
            stated = detected_within_s(state, turn_s=TURN_S, is_watched=is_watched)
            print(f"  {name:24} of {len(took)}: {len(known)} known, stated within {stated:.0f} s")
    return figures


def measure(options: argparse.Namespace) -> dict[str, Any]:
    paid = cost(options.probes)
    references = {seed: learned(Scene(seed)) for seed in range(1, options.cameras + 1)}
    figures = detections(options, references)
    for name, number, is_watched in (
        ("probed", options.cameras, False),
        ("watched", options.watched, True),
    ):
        alarms = []
        for seed in list(references)[:number]:
            found = false_alarms(seed, is_watched=is_watched, reference=references[seed])
            alarms += [f"camera {seed}: {one}" for one in found]
        figures[f"{name}_false_alarms_per_camera_day"] = len(alarms) / max(1, number)
        print(f"  {name}: {len(alarms)} false alarms on {number} camera-days {alarms[:12]}")
    floor = paid.pop("floor_cpu_ms")
    figures |= paid
    for name, value in figures.items():
        print(f"  {name:40} {value:9.3f}")
    print(f"  floor: bare ffmpeg on the same key frames {floor:.1f} ms CPU")
    return {
        "bench": "health",
        "figures": {name: round(value, 3) for name, value in figures.items()},
        "floor": {"bare_decode_cpu_ms": round(floor, 1)},
        "ratio": round(paid["probe_cpu_ms"] / floor, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cameras", type=int, default=12, help="places; one camera-day each")
    parser.add_argument("--watched", type=int, default=2, help="camera-days with a look each 10 s")
    parser.add_argument("--rounds", type=int, default=2, help="faults of each kind for a place")
    parser.add_argument("--probes", type=int, default=20)
    print(json.dumps(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
