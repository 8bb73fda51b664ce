"""Films with faces and plates whose places are known: two photographs and drawn plates.

Faces: official portraits of Grace Hopper (U.S. Navy) and Eileen Collins (NASA), both works of the
U.S. government and so in the public domain. Plates: drawn by the grammar of Korean plates.
"""

import random
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cctv import relay
from cctv.scene import street

FACES = Path(__file__).parent / "faces"
# Within the cut pictures: the face itself, from forehead to chin.
FACE_IN = {"collins": (58, 60, 93, 119), "hopper": (35, 85, 155, 190)}
LETTERS = "가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호배"


@dataclass(frozen=True)
class Thing:
    """A face or a plate in a picture. Units: pixels."""

    kind: str
    left: int
    top: int
    width: int
    height: int


@cache
def background(width: int, height: int, seed: int) -> np.ndarray:
    """Draw the street of a synthetic camera."""
    done = subprocess.run(
        [relay.ffmpeg(), "-loglevel", "error", "-f", "lavfi", "-i", street(seed=seed, rate=10),
         "-vf", f"scale={width}:{height}", "-frames:v", "1", "-f", "rawvideo",
         "-pix_fmt", "bgr24", "pipe:1"],
        capture_output=True, check=True,
    )  # fmt: skip
    return np.frombuffer(done.stdout, np.uint8).reshape(height, width, 3)


@cache
def portrait(name: str) -> np.ndarray:
    return cv2.imread(str(FACES / f"{name}.jpg"))


def put_face(picture: np.ndarray, name: str, *, width: int, left: int, top: int) -> Thing:
    """Paste a portrait whose face is so wide."""
    x, y, face_width, face_height = FACE_IN[name]
    scale = width / face_width
    source = portrait(name)
    size = (max(1, round(source.shape[1] * scale)), max(1, round(source.shape[0] * scale)))
    small = cv2.resize(source, size, interpolation=cv2.INTER_AREA)
    height = min(small.shape[0], picture.shape[0] - top)
    picture[top : top + height, left : left + size[0]] = small[:height]
    return Thing(
        "face", round(left + x * scale), round(top + y * scale), width, round(face_height * scale)
    )


def plate_text(chance: random.Random) -> str:
    """Write a plate of today: two or three digits, a letter, four digits."""
    first = chance.choice([f"{chance.randint(1, 69):02}", f"{chance.randint(100, 699)}"])
    return f"{first}{chance.choice(LETTERS)} {chance.randint(100, 9999):04}"


@cache
def plate(text: str) -> np.ndarray:
    """Draw the 520 x 110 mm plate."""
    image = Image.new("RGB", (520, 110), (245, 245, 245))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((2, 2, 517, 107), 10, outline=(20, 20, 20), width=4)
    font = ImageFont.truetype(str(relay.font_file()), 92)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width = max(1, right - left)
    line = Image.new("RGB", (width + 8, 110), (245, 245, 245))
    ImageDraw.Draw(line).text((4 - left, 55 - (top + bottom) / 2), text, (15, 15, 15), font)
    image.paste(line.resize((470, 90)), (25, 10))
    return np.asarray(image)[:, :, ::-1].copy()


def put_plate(
    picture: np.ndarray, text: str, *, width: int, left: int, top: int, turned: float = 0.0
) -> Thing:
    """Paste a plate so wide, turned aside by so much (0: from the front; 0.4: far aside)."""
    source = plate(text)
    height = max(1, round(width * 110 / 520))
    drop = round(height * turned)
    inside = max(1, round(width * (1 - 0.6 * turned)))
    corners = np.float32([[0, 0], [520, 0], [520, 110], [0, 110]])
    target = np.float32(
        [[0, 0], [inside, drop], [inside, drop + height * (1 - turned / 2)], [0, height]]
    )
    box = (inside + 1, height + drop + 1)
    # Halved until near its size: warping alone would leave single pixels of the letters.
    scale = 1.0
    while source.shape[1] > 2 * inside:
        source = cv2.resize(source, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        scale *= 0.5
    matrix = cv2.getPerspectiveTransform(corners * scale, target)
    warped = cv2.warpPerspective(source, matrix, box)
    where = cv2.warpPerspective(np.full(source.shape[:2], 255, np.uint8), matrix, box) > 127
    part = picture[top : top + box[1], left : left + box[0]]
    part[where] = warped[where]
    return Thing("plate", left, top, inside, height + drop)


def weathered(picture: np.ndarray, chance: random.Random) -> np.ndarray:
    """Make it a camera's picture: darker or lighter, a little blurred, with noise, as a JPEG."""
    light = chance.uniform(0.55, 1.15)
    lit = np.clip(picture.astype(np.float32) * light, 0, 255)
    soft = cv2.GaussianBlur(lit, (0, 0), chance.uniform(0.4, 0.9))
    noise = np.random.default_rng(chance.randrange(1 << 30)).normal(0, 4, soft.shape)
    done = np.clip(soft + noise, 0, 255).astype(np.uint8)
    _ok, coded = cv2.imencode(".jpg", done, [cv2.IMWRITE_JPEG_QUALITY, chance.randint(60, 85)])
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)


def write_film(pictures: Sequence[np.ndarray], to: Path, *, rate: int = 10) -> Path:
    """Write pictures to an MP4 with sound and a title: both must be gone after masking."""
    height, width = pictures[0].shape[:2]
    subprocess.run(
        [relay.ffmpeg(), "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "bgr24",
         "-s", f"{width}x{height}", "-r", str(rate), "-i", "pipe:0",
         "-f", "lavfi", "-i", "sine=440", "-shortest", "-c:v", "libx264", "-crf", "18",
         "-preset", "veryfast", "-pix_fmt", "yuv420p", "-metadata", "title=secret4711", str(to)],
        input=b"".join(picture.tobytes() for picture in pictures), check=True,
    )  # fmt: skip
    return to


def read_film(path: Path) -> list[np.ndarray]:
    capture = cv2.VideoCapture(str(path))
    found = []
    while True:
        ok, picture = capture.read()
        if not ok:
            return found
        found.append(picture)
