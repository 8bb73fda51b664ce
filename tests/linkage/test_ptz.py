"""An agency's hand on a camera: by a grant that says so, while it is in force, and no other way."""

from datetime import timedelta

import pytest
from django.utils import timezone

from cctv.onvif import locks
from linkage.models import StreamGrant
from tests.cctv.builders import make_camera
from tests.incidents.conftest import make_incident, robbery  # noqa: F401  # a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def grant(city, link, robbery):  # noqa: F811
    return StreamGrant.objects.create(
        municipality=city,
        link=link,
        incident=make_incident(city, robbery),
        case_number="112-1",
        camera=make_camera(city),
        purpose="SCENE",
        basis="법",
        request_id="r",
        expires_at=timezone.now() + timedelta(minutes=5),
        not_after=timezone.now() + timedelta(minutes=60),
    )


def test_a_grant_of_pictures_moves_nothing(grant):
    with pytest.raises(locks.PtzRefused):
        locks.hand_of_agency(grant.link_id, grant.camera)


def test_a_grant_with_the_right_lets_the_hand_on_until_it_ends(grant):
    StreamGrant.objects.update(rights=["live", "ptz"])
    hand = locks.hand_of_agency(grant.link_id, grant.camera)
    assert hand.leave.service == grant.incident.service
    assert hand.leave.incident_id == grant.incident_id
    assert hand.leave.until == grant.expires_at
    with pytest.raises(locks.PtzRefused):
        locks.hand_of_agency(grant.link_id, make_camera(grant.municipality))
    StreamGrant.objects.update(expires_at=timezone.now())
    with pytest.raises(locks.PtzRefused):
        locks.hand_of_agency(grant.link_id, grant.camera)
