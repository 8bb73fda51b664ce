"""Finding faces and plates to cover: recall and precision by size, on generated pictures only.

Faces are two photographs in the public domain (tests/cctv/masking/faces), scaled, put on the street
of the synthetic camera and made a camera's picture: darker or lighter, blurred, noisy, a JPEG.
With --more FOLDER further portraits (*.jpg, *.png: the face must fill the picture) and arrays of
grey faces (*.npy, N x H x W) are used too. Plates are drawn by the grammar of Korean plates with
the interface's own font, from the front and turned aside. No picture of a real camera was seen:
what this shows is where the detectors give up, not how they do in a real street.
Found means that what would be covered, margin included, holds nine tenths of the thing. Precision:
of all finds, how many touch a thing that was put there. The floor is the same detectors with the
thresholds of their authors.
"""

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

django.setup()

import cv2  # noqa: E402
import numpy as np  # noqa: E402

from cctv.masking import detectors as finding  # noqa: E402
from cctv.masking.boxes import MARGIN, Area, Find  # noqa: E402
from cctv.masking.covering import cover  # noqa: E402
from cctv.masking.boxes import Box  # noqa: E402
from tests.cctv.masking import scenes  # noqa: E402
from tests.cctv.masking.scenes import Thing  # noqa: E402

SIZE = (1280, 720)
FACE_WIDTHS = (8, 12, 16, 24, 32, 48, 64, 96)
PLATE_WIDTHS = (30, 40, 50, 60, 80, 100, 140, 200)
TURNS = (0.0, 0.2, 0.4)
AUTHORS = {"FACE_SCORE": 0.5, "TEXT_THRESHOLD": 0.3, "TEXT_SCORE": 0.5}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=40, help="pictures (each with 16 things)")
    parser.add_argument("--seed", type=int, default=20261128)
    parser.add_argument("--more", type=Path, help="a folder with further faces")
    given = parser.parse_args()
    strange = more_faces(given.more) if given.more else []
    pictures = [scene(random.Random(given.seed + number), strange) for number in range(given.pictures)]
    ours, took_s, left = measure(pictures)
    for name, value in AUTHORS.items():
        setattr(finding, name, value)
    floor, _took_s, _left = measure(pictures)
    show(ours, floor)
    figures = {**summary(ours), "look_s": round(took_s, 2), "found_again": left}
    print(
        json.dumps(
            {
                "bench": "masking",
                "figures": figures,
                "floor": summary(floor),
                "ratio": round(figures["recall"] / max(0.001, summary(floor)["recall"]), 3),
                "pictures": given.pictures,
                "faces_of": 2 + len(strange),
            }
        )
    )


def more_faces(folder: Path) -> list[np.ndarray]:
    found = [cv2.imread(str(path)) for path in sorted(folder.glob("*.[jp][pn]g"))]
    for path in sorted(folder.glob("*.npy")):
        grey = np.load(path)
        grey = (grey * (255 if grey.max() <= 1 else 1)).astype(np.uint8)
        found += [cv2.cvtColor(one, cv2.COLOR_GRAY2BGR) for one in grey]
    return found


def scene(chance: random.Random, strange: list[np.ndarray]) -> tuple[np.ndarray, list[Thing]]:
    """Put one face and one plate of every size into a street, each in a place of its own."""
    picture = scenes.background(*SIZE, chance.randrange(20)).copy()
    things = []
    left = 10
    for width in chance.sample(FACE_WIDTHS, len(FACE_WIDTHS)):
        top = chance.randint(20, 180)
        if strange and chance.random() < 0.7:
            things.append(put_strange(picture, chance.choice(strange), width, left + 20, top + 40))
        else:
            name = chance.choice(list(scenes.FACE_IN))
            things.append(scenes.put_face(picture, name, width=width, left=left, top=top))
        left += width * 2 + 62
    left = 10
    for width in chance.sample(PLATE_WIDTHS, len(PLATE_WIDTHS)):
        text = scenes.plate_text(chance)
        turned = chance.choice(TURNS)
        top = chance.randint(470, 640)
        things.append(
            scenes.put_plate(picture, text, width=width, left=left, top=top, turned=turned)
        )
        left += width + 62
    return scenes.weathered(picture, chance), things


def put_strange(picture: np.ndarray, face: np.ndarray, width: int, left: int, top: int) -> Thing:
    height = round(face.shape[0] * width / face.shape[1])
    how = cv2.INTER_AREA if width < face.shape[1] else cv2.INTER_CUBIC
    picture[top : top + height, left : left + width] = cv2.resize(face, (width, height), None, 0, 0, how)
    return Thing("face", left, top, width, height)


Counts = dict[tuple[str, int], list[int]]


def measure(pictures: list[tuple[np.ndarray, list[Thing]]]) -> tuple[dict, float, int]:
    """Count found and all by kind and size, true and all finds by kind; and found again when covered."""
    detectors = finding.Detectors()
    counts: Counts = defaultdict(lambda: [0, 0])
    true: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    took_s, again = 0.0, 0
    for number, (picture, things) in enumerate(pictures):
        began = time.monotonic()
        finds = detectors.look(picture, 0.0)
        took_s += time.monotonic() - began
        areas = [(find.kind, grown(find)) for find in finds]
        for thing in things:
            nominal = nearest_size(thing)
            row = counts[thing.kind, nominal]
            row[1] += 1
            row[0] += any(kind == thing.kind and held(thing, area) for kind, area in areas)
        for find in finds:
            row = true[find.kind]
            row[1] += 1
            row[0] += any(thing.kind == find.kind and touches(thing, find.area) for thing in things)
        if number < 5:
            again += found_again(detectors, picture, finds)
    return {"counts": counts, "true": true}, took_s / len(pictures), again


def nearest_size(thing: Thing) -> int:
    sizes = FACE_WIDTHS if thing.kind == "face" else PLATE_WIDTHS
    if thing.kind == "face":
        return thing.width
    # Turned aside it is narrower than it was asked for.
    return min(sizes, key=lambda width: min(abs(width * (1 - 0.6 * turn) - thing.width) for turn in TURNS))


def grown(find: Find) -> Area:
    aspect = SIZE[0] / SIZE[1]
    margin = MARGIN[find.kind] * max(find.area.width * aspect, find.area.height)
    return find.area.grown(margin / aspect, margin)


def of(thing: Thing) -> Area:
    return Area(
        thing.left / SIZE[0], thing.top / SIZE[1], thing.width / SIZE[0], thing.height / SIZE[1]
    )


def shared(thing: Thing, area: Area) -> float:
    own = of(thing)
    width = min(own.x + own.width, area.x + area.width) - max(own.x, area.x)
    height = min(own.y + own.height, area.y + area.height) - max(own.y, area.y)
    return max(0.0, width) * max(0.0, height) / own.size


def held(thing: Thing, area: Area) -> bool:
    return shared(thing, area) >= 0.9


def touches(thing: Thing, area: Area) -> bool:
    return shared(thing, area) > 0


def found_again(detectors: finding.Detectors, picture: np.ndarray, finds: list[Find]) -> int:
    """Cover what was found and look again: of what was covered nothing may be found."""
    covered = picture.copy()
    areas = [(find.kind, grown(find)) for find in finds]
    cover(
        covered,
        [Box(0, 1, area.x, area.y, area.width, area.height, kind) for kind, area in areas],
    )
    return sum(
        any(kind == find.kind and find.area.overlap(area) > 0.3 for kind, area in areas)
        for find in detectors.look(covered, 0.0)
    )


def summary(measured: dict) -> dict[str, float]:
    figures: dict[str, float] = {}
    for kind in ("face", "plate"):
        rows = [row for (of_kind, _size), row in measured["counts"].items() if of_kind == kind]
        figures[f"{kind}_recall"] = round(sum(row[0] for row in rows) / sum(row[1] for row in rows), 3)
        true, all_ = measured["true"][kind]
        figures[f"{kind}_precision"] = round(true / max(1, all_), 3)
    rows = list(measured["counts"].values())
    figures["recall"] = round(sum(row[0] for row in rows) / sum(row[1] for row in rows), 3)
    return figures


def show(ours: dict, floor: dict) -> None:
    print(f"{'':8}{'width px':>9}{'found':>8}{'of':>6}{'recall':>8}{'authors':>9}")
    for key in sorted(ours["counts"]):
        found, all_ = ours["counts"][key]
        theirs = floor["counts"][key]
        print(
            f"{key[0]:8}{key[1]:>9}{found:>8}{all_:>6}{found / all_:>8.2f}"
            f"{theirs[0] / max(1, theirs[1]):>9.2f}"
        )


if __name__ == "__main__":
    main()
