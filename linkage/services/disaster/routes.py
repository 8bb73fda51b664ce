"""Does an alert concern this city, or a link: by its areas, and by whom it is addressed to.

Source: TTAK.OT-06.0055/R1 (routing of Public, Restricted and Private).
"""

import re

from django.contrib.gis.geos import MultiPolygon

from controlroom.municipalities.models import Municipality
from controlroom.municipalities.successors import today
from linkage.cap.alert import NATIONWIDE, Alert
from linkage.models import Link
from linkage.models_cap import CapRoute
from linkage.services.disaster import geometry

_WORD = re.compile(r'"([^"]+)"|(\S+)')


def route_of(municipality: Municipality, alert: Alert, area: MultiPolygon | None) -> CapRoute:
    """Say whether it is ours. An area that we cannot read is ours: better shown than missed."""
    if alert.status not in {"Actual", "Exercise"}:
        return CapRoute.NOT_REAL
    if alert.infos and not alert.areas and alert.scope == "Public":
        return CapRoute.NO_AREA
    if alert.scope != "Public" and not _addressed(municipality, alert):
        return CapRoute.NOT_ADDRESSED
    return CapRoute.OURS if _in_area(municipality, alert, area) else CapRoute.ELSEWHERE


def _in_area(municipality: Municipality, alert: Alert, area: MultiPolygon | None) -> bool:
    codes = {code for one in alert.areas for code in one.legal_codes}
    if any(covers(code, municipality.code) for code in codes):
        return True
    if area is not None:
        return geometry.touches(municipality, area)
    return not codes


def covers(code: str, municipality_code: str) -> bool:
    """Say whether a ten-digit code, of today or before, reaches into the municipality."""
    if code == NATIONWIDE:
        return True
    code = today(code)
    if code.endswith("00000000"):
        return municipality_code.startswith(code[:2])
    # A city's code ends in 0 and covers its districts: 41110 is 수원시, 41111 장안구.
    stem = code[:4] if code[4] == "0" and code.endswith("00000") else code[:5]
    own = municipality_code
    return own.startswith(stem) or (len(own) == 5 and own[4] == "0" and code.startswith(own[:4]))


def _addressed(municipality: Municipality, alert: Alert) -> bool:
    own = {
        municipality.code,
        municipality.organisation_code,
        municipality.name_ko,
        f"{municipality.province_ko} {municipality.name_ko}".strip(),
    }
    return bool(_named(alert) & (own - {""}))


def _named(alert: Alert) -> set[str]:
    """Give whom it names. Restricted: by the restriction or the addresses; Private: the latter."""
    text = alert.addresses
    if alert.scope == "Restricted":
        text = f"{alert.restriction} {alert.addresses}"
    return {quoted or word for quoted, word in _WORD.findall(text)}


def reaches(link: Link, alert: Alert, area: MultiPolygon | None) -> bool:
    """Say whether an alert of ours goes over this link: the same rule, seen from its other end.

    The link stands for the municipalities that it serves, and for the agency behind it.
    """
    if alert.infos and not alert.areas and alert.scope == "Public":
        return False
    agency = link.agency
    own = {agency.organisation_code, agency.name_ko, agency.name_en, link.code} - {""}
    if alert.scope != "Public" and not _named(alert) & own:
        return False
    served = Municipality.objects.filter(pk__in=link.serving_ids())
    return any(_in_area(municipality, alert, area) for municipality in served)
