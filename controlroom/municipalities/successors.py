"""Which administrative code followed which, and what a province is called today: tables only.

Source: 강원특별자치도 of 11 June 2023, 군위군 to 대구광역시 on 1 July 2023, 전북특별자치도 of
18 January 2024.
"""

from datetime import date
from typing import NamedTuple


class Change(NamedTuple):
    old: str
    new: str
    on: date


# A short code renames everything below it.
CHANGES = (
    Change("47720", "27720", date(2023, 7, 1)),
    Change("42", "51", date(2023, 6, 11)),
    Change("45", "52", date(2024, 1, 18)),
)
PROVINCES = {
    "11": ("서울특별시", "Seoul"),
    "26": ("부산광역시", "Busan"),
    "27": ("대구광역시", "Daegu"),
    "28": ("인천광역시", "Incheon"),
    "29": ("광주광역시", "Gwangju"),
    "30": ("대전광역시", "Daejeon"),
    "31": ("울산광역시", "Ulsan"),
    "36": ("세종특별자치시", "Sejong"),
    "41": ("경기도", "Gyeonggi"),
    "43": ("충청북도", "North Chungcheong"),
    "44": ("충청남도", "South Chungcheong"),
    "46": ("전라남도", "South Jeolla"),
    "47": ("경상북도", "North Gyeongsang"),
    "48": ("경상남도", "South Gyeongsang"),
    "50": ("제주특별자치도", "Jeju"),
    "51": ("강원특별자치도", "Gangwon"),
    "52": ("전북특별자치도", "Jeonbuk"),
}


def today(code: str) -> str:
    """Give the code that a code, old or not, has become."""
    for change in CHANGES:
        if code.startswith(change.old):
            return change.new + code[len(change.old) :]
    return code


def before(code: str) -> Change | None:
    """Give the change that made this code of today, with whole codes; None when there was none."""
    for change in CHANGES:
        if code.startswith(change.new):
            return Change(change.old + code[len(change.new) :], code, change.on)
    return None
