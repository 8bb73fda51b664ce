"""Which purposes a city's cameras may have to serve a service: the table and the city's word."""

from cctv.models import CameraPolicy
from cctv.policies import usual_purposes


def purposes_for(*, municipality_id: int, service: str) -> frozenset[str]:
    """Give the purposes whose cameras may serve the service in this municipality."""
    own = CameraPolicy.objects.filter(municipality_id=municipality_id, service=service)
    said = dict(own.values_list("purpose", "allowed"))
    usual = {purpose for purpose in usual_purposes(service) if said.get(purpose, True)}
    return frozenset(usual | {purpose for purpose, allowed in said.items() if allowed})
