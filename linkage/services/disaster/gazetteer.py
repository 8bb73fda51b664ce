"""Names of provinces, cities and their parts, and which codes a name may mean; no Django."""

import re
from collections import defaultdict
from collections.abc import Iterable

# Official, old and short names of each province; the code is today's.
ALIASES: dict[str, tuple[str, ...]] = {
    "11": ("서울특별시", "서울시", "서울틀별시", "서울"),
    "26": ("부산광역시", "부산시", "부산"),
    "27": ("대구광역시", "대구시", "대구"),
    "28": ("인천광역시", "인천시", "인천"),
    "29": ("광주광역시",),
    "30": ("대전광역시", "대전시", "대전"),
    "31": ("울산광역시", "울산시", "울산"),
    "36": ("세종특별자치시", "세종시", "세종"),
    "41": ("경기도", "경기"),
    "43": ("충청북도", "충북"),
    "44": ("충청남도", "충남"),
    "46": ("전라남도", "전남도", "전남"),
    "47": ("경상북도", "경북도", "경북"),
    "48": ("경상남도", "경남도", "경남"),
    "50": ("제주특별자치도", "제주도"),
    "51": ("강원특별자치도", "강원도", "강원"),
    "52": ("전북특별자치도", "전라북도", "전북"),
}
# Dialling codes of provinces, as offices print them in their messages.
DIAL = {
    "02": "11", "051": "26", "053": "27", "032": "28", "062": "29", "042": "30", "052": "31",
    "044": "36", "031": "41", "043": "43", "041": "44", "061": "46", "054": "47", "055": "48",
    "064": "50", "033": "51", "063": "52",
}  # fmt: skip
_DIALLED = re.compile(r"(?<!\d)(0\d{1,2})[-)]\s?\d{3,4}")
# 광주 and 제주 are cities too: in a list of provinces or before a warning the province is meant.
_SHORT = {"광주": "29", "제주": "50"}
_IN_BRACKETS = re.compile(r"\([^)]*\)")
_LISTED = re.compile(
    r"(?<![가-힣])(광주|제주)(?=,|\s(?:호우|대설|폭염|한파|강풍|건조|태풍|풍랑|황사))"
)
_HANGUL = re.compile(r"[가-힣]")
# What may stand right behind a short name of a province: "서울방향" is no place.
_BEHIND = re.compile(
    r"^($|[^가-힣]|전역|지역|전지역|권|북부|남부|동부|서부|내륙|에|의|은|는|과|와|도 )"
)


class Gazetteer:
    """Built from a table of legal codes: rows of (10-digit code, full name)."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        self.names: dict[str, str] = {}
        self.by_name: dict[str, set[str]] = defaultdict(set)
        # A city's districts by name (천안시 동남구): a message on one concerns its city.
        self.districts: dict[str, set[str]] = defaultdict(set)
        self.dongs: dict[str, set[str]] = defaultdict(set)
        rest: list[tuple[str, str]] = []
        for code, full in rows:
            if code.endswith("00000"):
                self._add(code[:5], full.split())
            elif code.endswith("00"):
                rest.append((code[:5], full.split()[-1]))
        for code, name in rest:
            if len(name) >= 3:
                self.dongs[name].add(self.city_of(code))
        self.stems: dict[str, set[str]] = defaultdict(set)
        for name, codes in self.by_name.items():
            if len(name) >= 3 and name[-1] in "시군구":
                self.stems[name[:-1]] |= codes
        self.longest = sorted(self.by_name, key=len, reverse=True)

    def _add(self, code: str, words: list[str]) -> None:
        if code.endswith("000") and code[:2] != "36":
            return
        self.names[code] = " ".join(words)
        # A city's district (수원시 장안구) is reached by its city: it has no town hall of its own.
        if len(words) <= 2:
            self.by_name["세종시" if code[:2] == "36" else words[-1]].add(code)
        else:
            self.districts[words[-1]].add(f"{code[:4]}0")

    def city_of(self, code: str) -> str:
        city = f"{code[:4]}0"
        return city if code not in self.names or len(self.names[code].split()) > 2 else code

    def starting(self, text: str, province: str = "") -> tuple[str, set[str]]:
        """Give the longest name that the text begins with, and its codes in the province."""
        for name in self.longest:
            if text.startswith(name):
                codes = {code for code in self.by_name[name] if code.startswith(province)}
                if codes:
                    return name, codes
        return "", set()

    def provinces_in(self, text: str) -> set[str]:
        """Name the provinces that the text names, or whose telephone it prints."""
        found = {code for code, aliases in ALIASES.items() if _names(text, aliases)}
        found |= {code for code, _inner in self._brackets(text)}
        found |= {_SHORT[name] for name in _LISTED.findall(_IN_BRACKETS.sub("", text))}
        found |= {DIAL[dial] for dial in _DIALLED.findall(text) if dial in DIAL}
        return found

    def cities_in(self, text: str) -> set[str]:
        """Give the codes of every city named in full; a name of several places gives them all."""
        found: set[str] = set()
        for name in self.longest:
            if _standing(text, name):
                found |= self.by_name[name]
        for name, cities in self.districts.items():
            if len(cities) == 1 and name not in self.by_name and _standing(text, name):
                found |= cities
        return found

    def stems_in(self, text: str, provinces: set[str]) -> set[str]:
        """Give what a list in brackets names in short: 전북(김제,완주)."""
        found: set[str] = set()
        for province, inner in self._brackets(text):
            if province in provinces:
                for word in re.split(r"[,·\s]+", inner):
                    found |= {code for code in self.stems[word] if code.startswith(province)}
        return found

    @staticmethod
    def _brackets(text: str) -> list[tuple[str, str]]:
        found = []
        for code, aliases in ALIASES.items():
            short = [name for name, its in _SHORT.items() if its == code]
            names = "|".join((*aliases, *short))
            found += [(code, inner) for inner in re.findall(rf"(?:{names})\(([^)]*)\)", text)]
        return found

    def parts_in(self, text: str, among: set[str]) -> set[str]:
        """Give the candidates that alone have a part (읍, 면, 동) which the text names."""
        found: set[str] = set()
        for word in set(re.findall(r"[가-힣0-9]{2,8}?(?:읍|면|동)", text)):
            whose = self.dongs.get(word, set()) & among
            if len(whose) == 1:
                found |= whose
        return found


def _names(text: str, aliases: tuple[str, ...]) -> bool:
    return any(_standing(text, alias, short=len(alias) == 2) for alias in aliases)


def _standing(text: str, name: str, *, short: bool = False) -> bool:
    """Say whether the name stands by itself: no other syllable before it."""
    begin = text.find(name)
    while begin >= 0:
        before = text[begin - 1] if begin else " "
        if not _HANGUL.match(before) and (not short or _BEHIND.match(text[begin + len(name) :])):
            return True
        begin = text.find(name, begin + 1)
    return False
