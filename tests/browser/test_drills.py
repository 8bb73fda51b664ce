"""A drill bears the same mark on every screen that shows it, in both languages."""

import pytest
from django.contrib.gis.geos import Point
from django.utils import timezone

from incidents.models import Incident
from incidents.reports import ReportIn, take_report
from linkage import alarms
from linkage.models import Case, Link, UnitPosition
from tests.browser.conftest import committed
from tests.browser.test_axe import faults, leave
from tests.looks import picture

pytestmark = [pytest.mark.live, pytest.mark.browser, pytest.mark.django_db]

LON, LAT = 127.385, 36.352


def drill(stage, *, source: str, name: str, service: str, kind: str, lon: float) -> Incident:
    return committed(
        take_report,
        municipality=stage.city,
        source=source,
        message=ReportIn(
            service=service,
            external_id=f"drill-{name}-{source}",
            kind_code=kind,
            place=Point(lon, LAT, srid=4326),
            address=f"훈련장 {source}",
            summary="훈련 상황",
            occurred_at=timezone.now(),
            is_drill=True,
        ),
    ).incident


def unit_of(incident: Incident, name: str) -> None:
    link = Link.objects.get(code="police112-90010")
    Case.objects.create(
        municipality=incident.municipality,
        link=link,
        incident=incident,
        external_id=name,
        version=1,
        payload={},
    )
    UnitPosition.objects.create(
        municipality=incident.municipality,
        link=link,
        incident=incident,
        case_number=name,
        unit="순31",
        location=Point(LON + 0.002, LAT, srid=4326),
        at=timezone.now(),
    )


def scene(stage, name: str) -> Incident:
    """Open one drill by two sources, with a unit on its way and an alarm; give the first."""
    police, city = "police112-90010", "city-90010"
    first = drill(stage, source=police, name=name, service="police112", kind="401", lon=LON)
    drill(stage, source=city, name=name, service="city", kind="C07", lon=LON + 0.0006)
    committed(unit_of, incident=first, name=f"DRILL-{name}")
    committed(
        alarms.raise_,
        kind="phone.waiting",
        municipality=stage.city,
        subject_kind="link",
        subject_id="police112-90010",
        detail={"is_drill": True},
    )
    return first


@pytest.mark.parametrize(
    ("language", "theme", "word"), [("ko", "dark", "훈련"), ("en", "light", "Drill")]
)
def test_a_drill_is_marked_wherever_it_is_shown(stage, console, language, theme, word):
    first = scene(stage, language)
    page = console("sup", language=language, theme=theme)

    def marked(selector: str) -> None:
        page.wait_for_selector(selector)
        assert page.locator(selector).first.inner_text().strip().startswith(word), selector

    strip = f'[data-id="{first.pk}"]'
    marked(f"{strip} .chip-drill")
    marked(".pin .chip-drill")
    assert page.locator(".pin").first.get_attribute("title").startswith(word)
    marked(".unit-pin span")
    page.locator(f"{strip} .strip").click()
    marked("#incident-drill")
    marked("#same .chip-drill")
    page.keyboard.press("v")
    marked("#video-title .chip-drill")
    marked(".tile .chip-drill")
    picture(page, f"drill-{language}")
    found = faults(page, "a drill")
    page.keyboard.press("x")
    page.keyboard.press("Slash")
    page.fill("#search-text", first.number)
    marked("#search-results .chip-drill")
    picture(page, f"drill-search-{language}")
    found += faults(page, "search")
    # The first Escape of a search field empties it.
    page.fill("#search-text", "")
    leave(page, "search")
    page.click("#alarms-open")
    marked(".standing-alarm .chip-drill")
    picture(page, f"drill-alarm-{language}")
    found += faults(page, "alarms")
    leave(page, "alarms")
    page.goto("/admin/incidents/incident/?is_drill__exact=1")
    marked("#result_list .chip-drill")
    picture(page, f"drill-admin-{language}")
    assert found == []
    assert page.faults == []
