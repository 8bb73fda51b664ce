"""Generated street scenes over a day, and the faults that are put into them: numpy and OpenCV.

A scene has walls with windows, a road, trees, a clock written into the picture, people and cars,
headlights and street lamps by night, clouds, rain, mist, a swaying pole, noise that grows with the
gain by night, and a night mode that smooths it. Each seed is another place with another weather.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

WIDTH, HEIGHT = 640, 360
FAULTS = ("frozen", "dark", "covered", "blurred", "lost")


@dataclass
class Scene:
    seed: int
    # Another day of the same place has another weather and other traffic.
    day_number: int = 0
    chance: Any = field(init=False)

    def __post_init__(self) -> None:
        self.chance = np.random.default_rng(self.seed)
        self.day, self.lamps = self._places()
        self.noise = self.chance.normal(0, 1, (HEIGHT * 2, WIDTH * 2)).astype(np.float32)
        self.has_lamps = bool(self.chance.random() < 0.85)
        self.night_gain = float(self.chance.uniform(3.0, 9.0))
        self.chance = np.random.default_rng((self.seed, self.day_number))
        # When it rains, when there is mist: hours of the day, from and to.
        self.rain = self._spell(0.5, 6)
        self.mist = self._spell(0.3, 3)
        self.clouds = self.chance.random(4) * 6.28
        self.traffic = float(self.chance.uniform(0.3, 3.0))

    def _spell(self, likely: float, longest_h: float) -> tuple[float, float]:
        if self.chance.random() > likely:
            return (-1.0, -1.0)
        begins = self.chance.uniform(0, 24)
        return (begins, begins + self.chance.uniform(0.5, longest_h))

    def _places(self) -> tuple[Any, Any]:
        chance = self.chance
        day = np.full((HEIGHT, WIDTH), 150, np.float32)
        lamps = np.zeros((HEIGHT, WIDTH), np.float32)
        x = 0
        while x < WIDTH:
            wide, high = int(chance.integers(50, 130)), int(chance.integers(40, 150))
            top = 190 - high
            wall = float(chance.uniform(60, 190))
            cv2.rectangle(day, (x, top), (x + wide, 190), wall, -1)
            for column in range(x + 8, x + wide - 8, 16):
                for row in range(top + 8, 180, 20):
                    cv2.rectangle(day, (column, row), (column + 8, row + 10), wall * 0.45, -1)
                    if chance.random() < 0.12:
                        cv2.rectangle(lamps, (column, row), (column + 8, row + 10), 110.0, -1)
            x += wide + int(chance.integers(0, 12))
        cv2.rectangle(day, (0, 190), (WIDTH, HEIGHT), 95, -1)
        cv2.rectangle(day, (0, 190), (WIDTH, 206), 135, -1)
        for x in range(10, WIDTH, 90):
            cv2.rectangle(day, (x, 276), (x + 44, 281), 200, -1)
        leaves = cv2.resize(chance.uniform(30, 120, (30, 40)).astype(np.float32), (120, 90))
        at = int(chance.integers(0, WIDTH - 120))
        day[110:200, at : at + 120] = leaves
        day += cv2.resize(chance.normal(0, 6, (90, 160)).astype(np.float32), (WIDTH, HEIGHT))
        for _ in range(int(chance.integers(2, 4))):
            light = np.zeros_like(lamps)
            at = (int(chance.integers(0, WIDTH)), int(chance.integers(210, 260)))
            cv2.ellipse(light, at, (int(chance.integers(70, 140)), 60), 0, 0, 360, 90.0, -1)
            lamps += cv2.GaussianBlur(light, (0, 0), 22)
            cv2.circle(lamps, (at[0], max(20, at[1] - 130)), 4, 250.0, -1)
        return np.clip(day, 0, 255), lamps

    def frame(self, at_s: float, *, fault: str = "", since_s: float = 0.0) -> Any:
        """Draw the picture of this second of the day, grey."""
        if fault == "frozen":
            return self.frame(since_s)
        if fault == "covered":
            # A bag or a hand before the lens: a little light comes through, and no shape.
            level = 12 + 90 * self._sun(at_s / 3600)
            return self._grain(np.full((HEIGHT, WIDTH), level, np.float32), at_s, clock=True)
        if fault == "dark":
            return self._grain(np.full((HEIGHT, WIDTH), 3.0, np.float32), at_s, clock=True)
        picture = self._light(at_s)
        self._move(picture, at_s)
        if fault == "blurred":
            picture = cv2.GaussianBlur(picture, (0, 0), 6.0)
        return self._grain(picture, at_s, clock=True)

    @staticmethod
    def _sun(hour: float) -> float:
        """Give daylight 0 to 1: a curve with dawn and dusk of an hour and a half."""
        height = math.sin((hour - 6.5) / 24 * 2 * math.pi)
        return min(1.0, max(0.0, 0.5 + height * 3.0))

    def _light(self, at_s: float) -> Any:
        hour = at_s / 3600
        sun = self._sun(hour)
        cloud = 1 + 0.12 * sum(
            math.sin(phase + at_s / (40 * 3**index)) for index, phase in enumerate(self.clouds)
        ) / 4  # fmt: skip
        lamps = self.lamps if self.has_lamps else self.lamps * 0.25
        picture = self.day * (0.06 + 0.94 * sun) * cloud + lamps * (1 - sun)
        if self.mist[0] <= hour <= self.mist[1]:
            veil = np.linspace(0.75, 0.35, HEIGHT, dtype=np.float32)[:, None]
            picture = picture * (1 - veil) + veil * (40 + 110 * sun)
        sway = 1.5 * math.sin(at_s * 1.3)
        moved = np.float32([[1, 0, sway], [0, 1, 0.4 * sway]])
        return cv2.warpAffine(picture, moved, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)

    def _move(self, picture: Any, at_s: float) -> None:
        """Cars with headlights, a lorry now and then, people, rain, a spider by night."""
        hour = at_s / 3600
        sun = self._sun(hour)
        busy = self.traffic * (0.15 + 0.85 * sun)
        for lane, (y, speed, size) in enumerate(((218, 74, 54), (250, -98, 64), (296, 60, 70))):
            period = 40.0 / busy
            into = (at_s + lane * 13.7) % period
            x = int(into * speed) if speed > 0 else int(WIDTH + into * speed)
            if not -200 < x < WIDTH + 200:
                continue
            tone = float(40 + (int(at_s // period) * 67 + lane * 31) % 180) * (0.15 + 0.85 * sun)
            high = 26 if int(at_s // period) % 9 else 110
            cv2.rectangle(picture, (x, y + 26 - high), (x + size, y + 26), tone, -1)
            if sun < 0.4:
                ahead = x + size if speed > 0 else x
                glow = picture[max(0, y - 40) : y + 60]
                light = np.zeros_like(glow)
                cv2.circle(light, (ahead, min(40, y) + 14), 16, 255.0, -1)
                cv2.GaussianBlur(light, (0, 0), 9, dst=light)
                glow += light
        if self.rain[0] <= hour <= self.rain[1]:
            drops = np.random.default_rng(int(at_s * 10))
            for x, y in drops.integers(0, (WIDTH, HEIGHT), (160, 2)):
                cv2.line(
                    picture, (int(x), int(y)), (int(x) + 2, int(y) + 14), 170.0 * (0.3 + sun), 1
                )
        if sun < 0.2 and self.seed % 5 == 0 and int(at_s) % 600 < 20:
            x = 100 + int(at_s * 7) % 400
            cv2.ellipse(picture, (x, 150), (70, 45), at_s % 360, 0, 360, 190.0, -1)

    def _grain(self, picture: Any, at_s: float, *, clock: bool) -> Any:
        sun = self._sun(at_s / 3600)
        sigma = 1.2 + (1 - sun) * self.night_gain
        step = int(at_s * 10)
        y, x = step * 97 % HEIGHT, step * 61 % WIDTH
        noisy = picture + sigma * self.noise[y : y + HEIGHT, x : x + WIDTH]
        if sun < 0.5:
            # The night mode of the camera smooths most of what the gain adds.
            noisy = cv2.GaussianBlur(noisy, (3, 3), 0)
        out = np.clip(noisy, 0, 255).astype(np.uint8)
        if clock:
            second = int(at_s) % 86_400
            words = f"2026-11-28 {second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
            cv2.putText(out, words, (10, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 2)
        return out
