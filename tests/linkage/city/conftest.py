"""A link with the city's own systems."""

import pytest

from incidents import catalogue
from incidents.choices import Service
from linkage.choices import AgencyKind
from linkage.links import create_link
from linkage.models import Agency
from tests.linkage.conftest import api_client


@pytest.fixture
def link(city):
    catalogue.install()
    agency = Agency.objects.create(
        kind=AgencyKind.CITY, organisation_code="9001001", name_ko="한빛시 도시정보센터"
    )
    return create_link(
        municipality=city, agency=agency, service=Service.CITY, code="city-90010"
    ).link


@pytest.fixture
def systems(link):
    return api_client(link, scope="city")


@pytest.fixture
def post(systems, link):
    def send(document, **headers):
        return systems.post(
            f"/api/v1/links/{link.code}/messages", document, format="json", headers=headers
        )

    return send
