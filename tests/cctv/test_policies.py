"""The purpose × service table."""

from cctv.choices import Purpose
from cctv.policies import ALLOWED, PURPOSES, usual_purposes
from cctv.reasons import PURPOSES_EN
from incidents.choices import Service


def test_the_table_knows_every_purpose_of_the_register():
    assert set(PURPOSES) == set(Purpose.values) == set(PURPOSES_EN)


def test_the_table_knows_every_service():
    assert set(ALLOWED) == set(Service.values)


def test_crime_cameras_also_serve_disasters():
    assert "생활방범" in usual_purposes("disaster")


def test_cameras_that_fine_drivers_and_litterers_do_not_serve_a_crime_report():
    assert not {"교통단속", "쓰레기단속"} & set(usual_purposes("police112"))


def test_danger_to_life_opens_every_camera():
    assert set(usual_purposes("fire119")) == set(PURPOSES)


def test_a_service_nobody_named_gets_only_safety_cameras():
    assert set(usual_purposes("new")) == {"생활방범", "다목적"}
