"""Which municipality a row of the register belongs to, by what the row says: pure look-ups."""

from collections.abc import Iterable
from dataclasses import dataclass, field

_PROVINCES = {
    "서울": ("서울특별시", "서울시", "서울"),
    "부산": ("부산광역시", "부산시", "부산"),
    "대구": ("대구광역시", "대구시", "대구"),
    "인천": ("인천광역시", "인천시", "인천"),
    "광주": ("광주광역시",),
    "대전": ("대전광역시", "대전시", "대전"),
    "울산": ("울산광역시", "울산시", "울산"),
    "세종": ("세종특별자치시", "세종시", "세종"),
    "경기": ("경기도", "경기"),
    "강원": ("강원특별자치도", "강원도", "강원"),
    "충북": ("충청북도", "충북"),
    "충남": ("충청남도", "충남"),
    "전북": ("전북특별자치도", "전라북도", "전북"),
    "전남": ("전라남도", "전남"),
    "경북": ("경상북도", "경북"),
    "경남": ("경상남도", "경남"),
    "제주": ("제주특별자치도", "제주도", "제주"),
}
PROVINCE_OF = {name: short for short, names in _PROVINCES.items() for name in names}
# '전주시 완산구' is two words in an address and one name in a boundary file.
LONGEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Place:
    """A municipality as the look-up needs it."""

    id: int
    name: str
    province: str
    organisation_codes: tuple[str, ...] = ()


@dataclass(slots=True)
class Directory:
    """All known municipalities, asked by what a row says about itself."""

    by_organisation: dict[str, int] = field(default_factory=dict)
    by_name: dict[str, dict[str, int]] = field(default_factory=dict)
    default_id: int | None = None
    default_province: str = ""
    _seen: dict[tuple[str, str, str, str], int | None] = field(default_factory=dict)

    def find(self, organisation: str, stated: str, address: str, agency: str) -> int | None:
        """Find the municipality: organisation code, stated name, address, agency, default."""
        known = self.by_organisation.get(organisation)
        if known is not None:
            return known
        head = " ".join(address.split(maxsplit=LONGEST_NAME + 1)[: LONGEST_NAME + 1])
        key = (organisation, stated, head, agency)
        if key not in self._seen:
            if len(self._seen) > 10_000:
                self._seen.clear()
            self._seen[key] = self._find(organisation, stated, head, agency)
        return self._seen[key]

    def _find(self, organisation: str, stated: str, address: str, agency: str) -> int | None:
        for code in organisation.replace(",", ";").split(";"):
            if code.strip() in self.by_organisation:
                return self.by_organisation[code.strip()]
        for text in (stated, address, agency):
            found = self._named(text)
            if found is not None:
                return found
        return self.default_id

    def _named(self, text: str) -> int | None:
        words = text.split()
        province = PROVINCE_OF.get(words[0], "") if words else ""
        rest = words[1:] if province and len(words) > 1 else words
        for length in range(min(LONGEST_NAME, len(rest)), 0, -1):
            name = "".join(rest[:length])
            for candidate in (name, name.removesuffix("청")):
                found = self._choose(candidate, province)
                if found is not None:
                    return found
        return None

    def _choose(self, name: str, province: str) -> int | None:
        """A name that several provinces have (중구) needs its province."""
        homes = self.by_name.get(name, {})
        for home in (province, self.default_province):
            if home and home in homes:
                return homes[home]
        # 군위군 moved from 경북 to 대구: an old address still names the only one there is.
        return next(iter(homes.values())) if len(homes) == 1 else None


def directory(places: Iterable[Place], default_id: int | None = None) -> Directory:
    """Build the look-up over these municipalities."""
    result = Directory(default_id=default_id)
    for place in places:
        province = PROVINCE_OF.get(place.province, place.province)
        for code in place.organisation_codes:
            result.by_organisation[code] = place.id
        result.by_name.setdefault("".join(place.name.split()), {})[province] = place.id
        if place.id == default_id:
            result.default_province = province
    return result
