"""The stand-in agencies that one process plays: a table, and the secrets that both ends derive.

A behaviour is made with its client, a city to draw cases from, and a rate; `run` works until the
client is told to stop, and `heard` takes each message of the centre once.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from linkage.simulator.city import CityRoom
from linkage.simulator.client import AgencyClient
from linkage.simulator.disaster import DisasterRoom
from linkage.simulator.fire119 import Fire119Room
from linkage.simulator.police112 import Police112Room
from linkage.simulator.road_video import Reply
from linkage.simulator.scenes import City, Theme


class Behaviour(Protocol):
    """What an agency does by itself, and when it hears something."""

    themes: tuple[Theme, ...]
    sent: int
    pages: dict[str, Callable[[], tuple[str, bytes]]]

    def __init__(
        self, *, client: AgencyClient, city: City, rate_per_min: float, limit: int | None = None
    ) -> None: ...

    def run(self) -> None: ...

    def further(self, base: str, rest: str, /) -> Reply | None: ...

    def heard(self, event: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class Profile:
    """One agency: who it is, by which service it is linked, and how it behaves."""

    code: str
    service: str
    kind: str
    organisation_code: str
    name_ko: str
    name_en: str
    duty_phone: str
    behaviour: type[Behaviour]
    # Its part of the rate that the whole simulator is asked for.
    share: float = 1.0
    # Its network lets nothing in: it fetches instead of being posted to.
    fetches: bool = False


AGENCIES: dict[str, Profile] = {
    profile.code: profile
    for profile in (
        Profile(
            "police112",
            "police112",
            "police",
            "1320000",
            "경찰청 112치안종합상황실",
            "National Police Agency, 112 situation room",
            "112",
            Police112Room,
        ),
        Profile(
            "fire119",
            "fire119",
            "fire",
            "1661000",
            "소방청 119종합상황실",
            "National Fire Agency, 119 situation room",
            "119",
            Fire119Room,
            share=0.5,
        ),
        Profile(
            "disaster",
            "disaster",
            "disaster",
            "1741000",
            "재난안전상황실",
            "Disaster and safety situation room",
            "044-205-1542",
            DisasterRoom,
            share=0.05,
            fetches=True,
        ),
        Profile(
            "city",
            "city",
            "city",
            "9001001",
            "한빛시 도시정보센터",
            "Hanbit City information centre",
            "042-000-0100",
            CityRoom,
            share=0.2,
        ),
    )
}
# Its secrets are those that are given; each other agency's are derived from them.
FIRST = "police112"


@dataclass(frozen=True)
class Secrets:
    """What the city's end and an agency's end of one link both hold."""

    link: str
    client_id: str
    client_secret: str
    webhook_secret: str


def chosen(names: str) -> list[Profile]:
    """Read a comma-separated choice of the table; nothing chosen is all of it.

    Raises: KeyError naming the agency that is not in the table.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    return [AGENCIES[name] for name in wanted or AGENCIES]


def secrets_of(profile: Profile, given: Secrets, *, alone: bool = False) -> Secrets:
    """Give an agency's own: those given for the first agency, or for one that is played alone."""
    if alone or profile.code == FIRST:
        return given
    city = given.link.rpartition("-")[2]
    key = _derived(given.webhook_secret, f"webhook {profile.code}")
    return Secrets(
        link=f"{profile.code}-{city}",
        client_id=f"simulated-{profile.code}",
        client_secret=_derived(given.client_secret, f"client {profile.code}").hex(),
        webhook_secret=f"whsec_{base64.b64encode(key).decode()}",
    )


def all_secrets(profiles: Iterable[Profile], given: Secrets) -> list[tuple[Profile, Secrets]]:
    several = list(profiles)
    alone = len(several) == 1
    return [(profile, secrets_of(profile, given, alone=alone)) for profile in several]


def _derived(secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).digest()
