"""The street that a synthetic camera watches, as a filter graph for ffmpeg: pure."""

from random import Random

WIDTH, HEIGHT = 640, 360
SKYLINE, KERB = 170, 204
WALLS = ("2c343c", "343c44", "272f37")
# Colour, width, height, top, pixels a second (negative: leftwards).
TRAFFIC = (
    ("b8473d", 54, 22, 216, 74),
    ("4a6f8f", 62, 24, 296, -98),
    ("d8d4c8", 60, 24, 244, 52),
    ("8f8a5a", 9, 24, 176, 13),
)


def _box(x: int, y: int, w: int, h: int, colour: str) -> str:
    return f"drawbox=x={x}:y={y}:w={w}:h={h}:c=0x{colour}:t=fill"


def _town(chance: Random) -> list[str]:
    boxes, x = [], 0
    while x < WIDTH:
        w, h = chance.randint(60, 120), chance.randint(55, 140)
        boxes.append(_box(x, SKYLINE - h, w, h, chance.choice(WALLS)))
        boxes += [
            _box(x + column, SKYLINE - h + row, 8, 9, "d9c27a@0.7")
            for column in range(12, w - 12, 20)
            for row in range(12, min(h, 70) - 10, 18)
            if chance.random() < 0.3
        ]
        x += w + 6
    return boxes


def street(*, seed: int, rate: int) -> str:
    """Draw a street by night with traffic that never stands still, another for each seed.

    A little noise lies over it, as over every real sensor.
    """
    chance = Random(seed)  # noqa: S311 - a picture, not a secret
    still = [
        f"color=c=0x161c24:size={WIDTH}x{HEIGHT}:rate={rate}",
        *_town(chance),
        _box(0, SKYLINE, WIDTH, KERB - SKYLINE, "3a4148"),
        _box(0, KERB, WIDTH, HEIGHT - KERB, "23282d"),
        _box(0, KERB - 1, WIDTH, 2, "6c7378"),
        *(_box(x, 276, 44, 5, "b9bdb6@0.8") for x in range(10, WIDTH, 90)),
    ]
    graph = [",".join(still) + "[p0]"]
    for at, (colour, w, h, top, speed) in enumerate(TRAFFIC):
        start, span = chance.randint(0, WIDTH), WIDTH + w
        glass = _box(w // 4, 3, w // 2, h // 3, "1a2026@0.8")
        graph.append(f"color=c=0x{colour}:size={w}x{h}:rate={rate},{glass}[m{at}]")
        x = f"mod(mod({speed}*t+{start},{span})+{span},{span})-{w}"
        graph.append(f"[p{at}][m{at}]overlay=x='{x}':y={top}[p{at + 1}]")
    graph.append(f"[p{len(TRAFFIC)}]noise=alls=2:allf=t")
    return ";".join(graph)
