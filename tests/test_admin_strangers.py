"""Whoever keeps another city sees no row of this one in any admin page."""

import pytest
from django.contrib import admin
from django.contrib.gis.geos import Point
from django.test import RequestFactory
from django.utils import timezone

from cctv.models import Camera, Site, ViewRecord
from controlroom.audit.chain import record
from controlroom.municipalities.choices import Role
from incidents.catalogue import install
from incidents.lifecycle import open_incident
from incidents.models import Kind
from linkage.choices import AgencyKind
from linkage.links import create_link
from linkage.models import Agency
from tests.conftest import make_member

pytestmark = pytest.mark.django_db

# Code lists that all cities of an installation share, and rows of no city.
SHARED = {
    "incidents.Kind",
    "incidents.PriorityRule",
    "linkage.Agency",
    "linkage.LegalBasis",
    "linkage.Purpose",
    "linkage.Region",
}


@pytest.fixture
def keeper_elsewhere(other_city):
    return make_member("keeper", other_city, *Role.values)


@pytest.fixture
def rows_here(city, haneul):
    """One row at least of what a city owns."""
    install()
    place = Point(127.4, 36.4, srid=4326)
    site = Site.objects.create(municipality=city, register_id="1", location=place)
    camera = Camera.objects.create(municipality=city, site=site)
    kind = Kind.objects.filter(service="police112").first()
    incident = open_incident(
        municipality=city,
        service="police112",
        kind=kind,
        place=place,
        occurred_at=timezone.now(),
    )
    ViewRecord.objects.create(
        municipality=city, camera=camera, viewer=haneul, incident_id=incident.pk, purpose="112"
    )
    record(action="viewed", subject_kind="camera", subject_id=camera.pk, municipality_id=city.pk)
    agency = Agency.objects.create(
        kind=AgencyKind.values[0], organisation_code="1320000", name_ko="한빛경찰청"
    )
    create_link(municipality=city, agency=agency, service="police112", code="hanbit-112")


def owned_admins():
    ours = ("controlroom", "cctv", "incidents", "linkage")
    for model, model_admin in sorted(admin.site._registry.items(), key=lambda pair: str(pair[0])):
        if model.__module__.startswith(ours) and model._meta.label not in SHARED:
            yield pytest.param(model, model_admin, id=model._meta.label)


@pytest.mark.parametrize(("model", "model_admin"), list(owned_admins()))
def test_another_citys_keeper_sees_and_opens_none_of(
    client, rows_here, keeper_elsewhere, city, other_city, model, model_admin
):
    request = RequestFactory().get("/admin/")
    request.user = keeper_elsewhere
    seen = set(model_admin.get_queryset(request).values_list("pk", flat=True))
    own = {keeper_elsewhere.pk, other_city.pk}
    hidden = [row for row in model._default_manager.all()[:20] if row.pk not in own]
    client.force_login(keeper_elsewhere)
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    assert client.get(base).status_code in {200, 403}
    for row in hidden:
        assert row.pk not in seen
        assert client.get(f"{base}{row.pk}/change/").status_code in {302, 403, 404}
