"""Which camera may serve which service by the purpose it was registered for: a table, no Django.

Source: domain.md 5 (개인정보 보호법 §25: the purposes of public cameras are closed; §18②:
provision for urgent interests of life and body; 재난안전법: crime cameras also serve disasters)
and domain.md 8 (purpose creep: purpose × service is enforced in code).
A municipality overrides single cells by rows of cctv.models.CameraPolicy.
"""

CRIME = "생활방범"
MULTI = "다목적"
CHILDREN = "어린이보호"
TRAFFIC_ENFORCEMENT = "교통단속"
TRAFFIC_INFORMATION = "교통정보수집"
FACILITY = "시설물관리"
DISASTER = "재난재해"
LITTERING = "쓰레기단속"
VEHICLE_CRIME = "차량방범"
OTHER = "기타"

PURPOSES = (
    CRIME,
    MULTI,
    CHILDREN,
    TRAFFIC_ENFORCEMENT,
    TRAFFIC_INFORMATION,
    FACILITY,
    DISASTER,
    LITTERING,
    VEHICLE_CRIME,
    OTHER,
)

_AGAINST_CRIME = frozenset({CRIME, MULTI, CHILDREN, VEHICLE_CRIME})

# By the service's code. A crime report does not open the cameras that fine drivers and litterers,
# nor those whose purpose nobody stated; danger to life (fire, disaster) opens every camera; what
# the centre takes in by itself opens all but the ones that only fine.
ALLOWED: dict[str, frozenset[str]] = {
    "police112": _AGAINST_CRIME,
    "fire119": frozenset(PURPOSES),
    "disaster": frozenset(PURPOSES),
    "city": frozenset(PURPOSES) - {TRAFFIC_ENFORCEMENT, LITTERING},
}

# A service that the table does not name yet gets what is meant for every safety purpose.
FOR_UNNAMED_SERVICES = frozenset({CRIME, MULTI})


def usual_purposes(service: str) -> list[str]:
    """Give the purposes whose cameras may serve the service where a city says nothing else."""
    return sorted(ALLOWED.get(service, FOR_UNNAMED_SERVICES))
