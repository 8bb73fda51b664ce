"""What the simulated camera is and does: where it looks, how it moves, its clock, its events."""

import itertools
import secrets
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

# Units of its generic spaces in a second at full speed.
SPEED = 0.5
PAN, TILT, ZOOM = (-1.0, 1.0), (-1.0, 1.0), (0.0, 1.0)
MOST_SUBSCRIPTIONS = 10
TOPICS = {
    "motion": ("tns1:VideoSource/MotionAlarm", "State"),
    "tamper": ("tns1:VideoSource/GlobalSceneChange/ImagingService", "State"),
    "input": ("tns1:Device/Trigger/DigitalInput", "LogicalState"),
}


class Refused(Exception):
    """The camera answers with a fault of this subcode."""


@dataclass
class Position:
    pan: float = 0.0
    tilt: float = 0.0
    zoom: float = 0.0

    def axes(self) -> tuple[float, float, float]:
        return self.pan, self.tilt, self.zoom


@dataclass
class Faults:
    """Switched over HTTP by /sim/faults; each field is what a real camera was seen to do."""

    clock_offset_s: float = 0.0
    unauthorized: bool = False
    slow_s: float = 0.0
    drip: bool = False
    reset: bool = False
    malformed: bool = False
    entity_bomb: bool = False
    external_entity: bool = False
    oversize: bool = False
    redirect: str = ""
    # A move goes on although its Timeout is over.
    ignores_timeout: bool = False
    # Unsubscribing frees nothing.
    leaks: bool = False
    forgets_subscriptions: bool = False


@dataclass
class Subscription:
    expires_at: datetime
    waiting: list[tuple[datetime, str, bool]] = field(default_factory=list)


class Camera:
    """The state of one camera; safe for many threads. Positions are worked out when asked for."""

    def __init__(self, *, name: str, user: str, password: str, stream_uri: str = "") -> None:
        self.name, self.user, self.password = name, user, password
        self.stream_uri = stream_uri
        self.serial = secrets.token_hex(6)
        self.faults = Faults()
        self.requests: list[str] = []
        self.subscriptions: dict[str, Subscription] = {}
        self.subscribed = 0
        self.states: dict[str, bool] = dict.fromkeys(TOPICS, False)
        self.presets: dict[str, tuple[str, Position]] = {
            "1": ("정문", Position(-0.5, 0.1, 0.2)),
            "2": ("사거리", Position(0.5, -0.1, 0.5)),
        }
        self.home = Position()
        self._position = Position()
        self._velocity = (0.0, 0.0, 0.0)
        self._target: tuple[float, float, float] | None = None
        self._stops_at: float | None = None
        self._since = time.monotonic()
        self._numbers = itertools.count(1)
        self.changed = threading.Condition(threading.RLock())

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.faults.clock_offset_s)

    # --- looking --------------------------------------------------------------------------
    def position(self) -> Position:
        with self.changed:
            self._advance()
            return Position(*self._position.axes())

    def is_moving(self) -> tuple[bool, bool]:
        """Say whether it pans or tilts, and whether it zooms."""
        with self.changed:
            self._advance()
            pan, tilt, zoom = self._velocity
            return bool(pan or tilt), bool(zoom)

    def move(self, velocity: tuple[float, float, float], timeout_s: float | None) -> None:
        with self.changed:
            self._advance()
            self._target, self._velocity = None, velocity
            timed = timeout_s is not None and not self.faults.ignores_timeout
            self._stops_at = time.monotonic() + (timeout_s or 0) if timed else None

    def stop(self) -> None:
        self.move((0.0, 0.0, 0.0), None)

    def go(self, pan: float | None, tilt: float | None, zoom: float | None) -> None:
        """Begin the way to a place; an axis that is left out stays."""
        with self.changed:
            self._advance()
            asked = (pan, tilt, zoom)
            for value, (low, high) in zip(asked, (PAN, TILT, ZOOM), strict=True):
                if value is not None and not low <= value <= high:
                    raise Refused("ter:InvalidPosition")
            here = self._position.axes()
            to = tuple(
                now if value is None else value for now, value in zip(here, asked, strict=True)
            )
            self._target, self._stops_at = (to[0], to[1], to[2]), None
            self._velocity = tuple(  # type: ignore[assignment]  # three of them
                (goal > now) - (goal < now) for goal, now in zip(to, here, strict=True)
            )

    def go_to(self, place: Position) -> None:
        self.go(*place.axes())

    def _advance(self) -> None:
        now = time.monotonic()
        until = now if self._stops_at is None else min(now, self._stops_at)
        passed = max(0.0, until - self._since)
        ranges = (PAN, TILT, ZOOM)
        moved = []
        for index, (at, speed, (low, high)) in enumerate(
            zip(self._position.axes(), self._velocity, ranges, strict=True)
        ):
            to = at + speed * SPEED * passed
            if self._target is not None:
                goal = self._target[index]
                to = min(to, goal) if speed > 0 else max(to, goal) if speed < 0 else at
            moved.append(max(low, min(high, to)))
        self._position = Position(*moved)
        self._since = now
        if self._target is not None and self._position.axes() == self._target:
            self._target, self._velocity = None, (0.0, 0.0, 0.0)
        if self._stops_at is not None and now >= self._stops_at:
            self._stops_at, self._velocity = None, (0.0, 0.0, 0.0)

    def keep_preset(self, token: str, name: str) -> str:
        with self.changed:
            if token and token not in self.presets:
                raise Refused("ter:NoToken")
            token = token or str(max((int(one) for one in self.presets), default=0) + 1)
            self.presets[token] = (name or self.presets.get(token, (token,))[0], self.position())
            return token

    # --- events ---------------------------------------------------------------------------
    def subscribe(self, lasting_s: float) -> str:
        with self.changed:
            self._expire()
            if len(self.subscriptions) >= MOST_SUBSCRIPTIONS:
                raise Refused("ter:MaxPullPoints")
            key = f"{next(self._numbers)}-{secrets.token_hex(4)}"
            now = self.now()
            # Properties are told at once, as the standard asks.
            known = [(now, kind, state) for kind, state in self.states.items()]
            self.subscriptions[key] = Subscription(now + timedelta(seconds=lasting_s), known)
            self.subscribed += 1
            return key

    def renew(self, key: str, lasting_s: float) -> datetime:
        with self.changed:
            found = self._subscription(key)
            found.expires_at = self.now() + timedelta(seconds=lasting_s)
            return found.expires_at

    def unsubscribe(self, key: str) -> None:
        with self.changed:
            self._subscription(key)
            if not self.faults.leaks:
                del self.subscriptions[key]
            self.changed.notify_all()

    def pull(self, key: str, timeout_s: float, limit: int) -> list[tuple[datetime, str, bool]]:
        """Wait for events as long as was asked; a subscription pulled from lives on meanwhile."""
        until = time.monotonic() + timeout_s
        with self.changed:
            found = self._subscription(key)
            while not found.waiting and (left := until - time.monotonic()) > 0:
                self.changed.wait(left)
                found = self._subscription(key)
            taken, found.waiting = found.waiting[:limit], found.waiting[limit:]
            return taken

    def happen(self, kind: str, *, state: bool) -> None:
        with self.changed:
            self._expire()
            self.states[kind] = state
            for subscription in self.subscriptions.values():
                subscription.waiting.append((self.now(), kind, state))
            self.changed.notify_all()

    def _subscription(self, key: str) -> Subscription:
        self._expire()
        found = self.subscriptions.get(key)
        if found is None or self.faults.forgets_subscriptions:
            raise Refused("ter:InvalidArgVal")
        return found

    def _expire(self) -> None:
        if self.faults.leaks:
            return
        now = self.now()
        for key in [key for key, one in self.subscriptions.items() if one.expires_at <= now]:
            del self.subscriptions[key]

    # --- seen from outside ----------------------------------------------------------------
    def told(self) -> dict[str, Any]:
        with self.changed:
            self._expire()
            pan, tilt, zoom = self.position().axes()
            return {
                "pan": pan,
                "tilt": tilt,
                "zoom": zoom,
                "moving": any(self.is_moving()),
                "presets": {token: name for token, (name, _at) in self.presets.items()},
                "subscriptions": len(self.subscriptions),
                "subscribed": self.subscribed,
                "requests": list(self.requests),
            }
