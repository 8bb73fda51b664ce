"""The purpose × service table."""

from cctv.choices import Purpose
from cctv.policies import ALLOWED, PURPOSES, is_allowed
from cctv.reasons import PURPOSES_EN
from incidents.choices import Service


def test_the_table_knows_every_purpose_of_the_register():
    assert set(PURPOSES) == set(Purpose.values) == set(PURPOSES_EN)


def test_the_table_knows_every_service():
    assert set(ALLOWED) == set(Service.values)


def test_crime_cameras_also_serve_disasters():
    assert is_allowed(service="disaster", purpose="생활방범")


def test_cameras_that_fine_drivers_and_litterers_do_not_serve_a_crime_report():
    assert not is_allowed(service="police112", purpose="교통단속")
    assert not is_allowed(service="police112", purpose="쓰레기단속")


def test_danger_to_life_opens_every_camera():
    assert all(is_allowed(service="fire119", purpose=purpose) for purpose in PURPOSES)


def test_the_city_s_own_word_wins_both_ways():
    assert is_allowed(service="police112", purpose="교통단속", override=True)
    assert not is_allowed(service="police112", purpose="생활방범", override=False)


def test_a_service_nobody_named_gets_only_safety_cameras():
    allowed = {p for p in PURPOSES if is_allowed(service="new", purpose=p)}
    assert allowed == {"생활방범", "다목적"}
