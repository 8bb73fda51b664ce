"""Taking a camera in over ONVIF: each step says what was found, or what was refused and why.

The order is the safe one: address, clock (unauthenticated), sign-in, services, profiles, streams,
movement. The first refusal ends it, and nothing is kept of a camera that was not examined whole.
"""

import contextlib
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cctv import sources
from cctv.choices import OnvifProfile
from cctv.models import Camera, OnvifDevice
from cctv.onvif import devices, line
from cctv.onvif.line import Access, Client, understood
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.errors import DomainError, Unavailable

# A camera this far off is told of; one much farther is not taken in unless somebody insists,
# because its picture and its events would carry a wrong time.
CLOCK_TOLD_S = 5.0
CLOCK_REFUSED_S = 300.0
MOST_PROFILES = 32

FOUND, WARNED, REFUSED = "found", "warned", "refused"
Given = TypeVar("Given")


@dataclass(frozen=True)
class Step:
    """One line of the result page."""

    title: str
    outcome: str
    text: str


@dataclass(frozen=True)
class Stream:
    """One media profile; its address is a secret."""

    token: str
    name: str
    encoding: str
    width: int
    height: int


@dataclass
class Findings:
    """What an examination brought; `device` is set only when nothing was refused."""

    steps: list[Step] = field(default_factory=list)
    device: dict[str, Any] | None = field(default=None, repr=False)
    main_url: str = field(default="", repr=False)
    sub_url: str = field(default="", repr=False)

    @property
    def is_complete(self) -> bool:
        return self.device is not None


class _Ended(Exception):
    """A step was refused; what follows is not tried."""


@dataclass(frozen=True)
class Wish:
    """What the form asks for."""

    address: str
    user: str = ""
    password: str = field(default="", repr=False)
    profile: str = OnvifProfile.T
    accepts_clock: bool = False


def examine(wish: Wish) -> Findings:
    """Look at a camera step by step; nothing is written."""
    examination = _Examination(wish)
    with contextlib.suppress(_Ended):
        examination.run()
    return examination.findings


class _Examination:
    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.access = Access(_full(wish.address), wish.user, wish.password)
        self.findings = Findings()

    def run(self) -> None:
        self._step(_("address"), self._address)
        with Client(replace(self.access, user="", password="")) as nobody:
            offset = self._step(_("clock"), lambda: line.clock_offset(nobody))
        self._judge_clock(offset)
        self.access = replace(self.access, clock_offset_s=offset)
        with Client(self.access) as client:
            about = self._step(_("sign-in"), client.get_device_information)
            self._say(_("sign-in"), FOUND, _("the name and password are accepted"))
            maker, model = (about.get(name, "")[:80] for name in ("Manufacturer", "Model"))
            self._say(_("camera"), FOUND, f"{maker} {model}".strip() or _("tells no name"))
            services = self._step(_("services"), client.discover_services)
        self._judge_services(services)
        media = "media2" if self.wish.profile == OnvifProfile.T else "media"
        kept = {name: url for name, url in services.items() if name in {media, "ptz", "events"}}
        self.access = replace(self.access, services=kept)
        with Client(self.access) as client:
            streams = self._streams(client)
            main, sub = streams[0], streams[-1] if len(streams) > 1 else None
            kept_so = _("%(name)s, kept encrypted")
            self.findings.main_url = self._stream_url(client, main, _("main stream"), kept_so)
            if sub:
                # Its address has no field on the camera yet, see connect().
                named_so = _("%(name)s, its name is kept")
                self.findings.sub_url = self._stream_url(client, sub, _("sub-stream"), named_so)
            has_snapshot = self._has_snapshot(client, main)
            limits = self._limits(client) if "ptz" in kept else None
        self.findings.device = {
            "profile": self.wish.profile,
            "access_secret": devices.seal(self.access),
            "main_token": main.token,
            "sub_token": sub.token if sub else "",
            "maker": maker,
            "model": model,
            "firmware": about.get("FirmwareVersion", "")[:80],
            "clock_offset_s": offset,
            "examined_at": timezone.now(),
            "has_ptz": limits is not None,
            "has_events": "events" in kept,
            "has_snapshot": has_snapshot,
            "limits": limits or {},
        }

    # --- steps ----------------------------------------------------------------------------
    def _step(self, title: str, work: Callable[[], Given]) -> Given:
        try:
            with understood():
                return work()
        except DomainError as refusal:
            why = [str(reason) for reasons in refusal.fields.values() for reason in reasons]
            self._refuse(title, " — ".join([str(refusal.message), *why]))
            raise _Ended from None

    def _say(self, title: str, outcome: str, text: str) -> None:
        self.findings.steps.append(Step(title, outcome, text))

    def _refuse(self, title: str, text: str) -> None:
        self._say(title, REFUSED, text)

    def _address(self) -> None:
        address = line.check(self.access.url)
        Client(self.access).close()
        text = _("in a camera network, over %(scheme)s") % {"scheme": address.scheme.upper()}
        self._say(_("address"), FOUND, text)

    def _judge_clock(self, offset: float) -> None:
        said = _("%(seconds)s s ahead of ours") % {"seconds": offset}
        if abs(offset) <= CLOCK_TOLD_S:
            self._say(_("clock"), FOUND, said)
        elif abs(offset) <= CLOCK_REFUSED_S or self.wish.accepts_clock:
            told = _("set the camera's clock (NTP): pictures and events carry its time")
            self._say(_("clock"), WARNED, f"{said}; {told}")
        else:
            told = _("too far off: set the camera's clock first, or say that it is accepted")
            self._refuse(_("clock"), f"{said}; {told}")
            raise _Ended

    def _judge_services(self, services: dict[str, str]) -> None:
        self._say(_("services"), FOUND, ", ".join(sorted(services)) or _("none"))
        if self.wish.profile == OnvifProfile.T and "media2" not in services:
            self._refuse(
                _("profile"), _("it has no Media2 (Profile T); choose Profile S for this camera")
            )
            raise _Ended
        if self.wish.profile == OnvifProfile.S:
            if "media" not in services:
                self._refuse(_("profile"), _("it has no Media (Profile S)"))
                raise _Ended
            self._say(_("profile"), WARNED, _("Profile S: its support ends in March 2027"))

    def _streams(self, client: Client) -> list[Stream]:
        """Give the profiles with a picture, the largest first."""
        found = []
        # Of Media2 or Media, whichever service was kept.
        for one in self._step(_("profiles"), client.get_profiles)[:MOST_PROFILES]:
            video = one.get("video_encoder") or {}
            if one.get("token") and video:
                found.append(
                    Stream(
                        str(one["token"])[:64],
                        str(one.get("name", ""))[:64],
                        str(video.get("encoding", "")),
                        int(video.get("width") or 0),
                        int(video.get("height") or 0),
                    )
                )
        found.sort(key=lambda one: -one.width * one.height)
        if not found:
            self._refuse(_("profiles"), _("no profile gives a picture"))
            raise _Ended
        text = ", ".join(
            f"{one.name or one.token} {one.encoding} {one.width}×{one.height}" for one in found
        )
        self._say(_("profiles"), FOUND, text)
        return found

    def _stream_url(self, client: Client, stream: Stream, title: str, words: str) -> str:
        said = self._step(title, lambda: client.get_stream_uri(profile_token=stream.token))
        url = _with_sign_in(said, self.access)
        self._step(title, lambda: sources.check(url))
        text = words % {"name": stream.name or stream.token}
        if stream.encoding.upper() in {"H265", "HEVC"}:
            told = _("H.265: browsers do not play it as it is")
            self._say(title, WARNED, f"{text}; {told}")
        else:
            self._say(title, FOUND, text)
        return url

    def _has_snapshot(self, client: Client, stream: Stream) -> bool:
        """Ask whether it gives single pictures; their address is not kept."""
        try:
            with understood():
                has = bool(client.get_snapshot_uri(profile_token=stream.token))
        except Unavailable:
            has = False
        self._say(
            _("single pictures"), FOUND, _("offered; the address is not kept") if has else _("none")
        )
        return has

    def _limits(self, client: Client) -> dict[str, list[float]] | None:
        try:
            with understood():
                nodes = client.ptz_get_nodes()
        except Unavailable as refusal:
            self._say(_("movement"), WARNED, str(refusal.message))
            return None
        ranges = nodes[0].get("ranges", {}) if nodes else {}
        if "continuous_pan_tilt" not in ranges and "absolute_pan_tilt" not in ranges:
            self._say(_("movement"), FOUND, _("does not turn"))
            return None
        place, zoom = ranges.get("absolute_pan_tilt", {}), ranges.get("absolute_zoom", {})
        axes = {"pan": place.get("x"), "tilt": place.get("y"), "zoom": zoom.get("x")}
        limits = {axis: [float(one["min"]), float(one["max"])] for axis, one in axes.items() if one}
        text = ", ".join(f"{axis} {low:g}…{high:g}" for axis, (low, high) in limits.items())
        self._say(_("movement"), FOUND, text or _("turns, but not to a place"))
        return limits


def _full(address: str) -> str:
    """Complete what people type: a bare host is its device service over HTTP."""
    address = address.strip()
    if "://" not in address:
        address = f"http://{address}"
    return address if urllib.parse.urlsplit(address).path.strip("/") else (
        address.rstrip("/") + line.DEVICE_PATH
    )  # fmt: skip


def _with_sign_in(url: str, access: Access) -> str:
    """Put name and password into a stream's address, escaped as the address grammar wants."""
    if not access.user or "://" not in url:
        return url
    scheme, rest = url.split("://", 1)
    host = rest.split("/", 1)[0].rpartition("@")[2]
    tail = rest.partition("/")[2]
    secret = ":".join(urllib.parse.quote(part, safe="") for part in (access.user, access.password))
    return f"{scheme}://{secret}@{host}/{tail}"


def connect(*, camera: Camera, findings: Findings, by: User) -> OnvifDevice:
    """Keep an examined camera: its access encrypted, its streams as the camera's source.

    What was calibrated before stays. Locks: the camera row.
    Emits: sources.source_changed, after commit.
    Raises: SourceRefused; ValueError for an examination that was refused.
    """
    if findings.device is None:
        raise ValueError("only a camera that was examined whole is connected")
    with transaction.atomic():
        sources.set_source(camera, findings.main_url, by=by)
        # A smaller stream of what stood there before would show another camera.
        if findings.sub_url or camera.sub_secret is not None:
            sources.set_sub_source(camera, findings.sub_url, by=by)
        device, _created = OnvifDevice.objects.update_or_create(
            camera=camera, defaults={**findings.device, "municipality": camera.municipality}
        )
        chain.record(
            action="camera.onvif_connected",
            subject_kind="camera",
            subject_id=camera.pk,
            municipality_id=camera.municipality_id,
            actor_id=by.pk,
            detail={
                "profile": device.profile,
                "maker": device.maker,
                "model": device.model,
                "clock_offset_s": device.clock_offset_s,
                "steps": [[step.title, step.outcome] for step in findings.steps],
            },
        )
    return device
