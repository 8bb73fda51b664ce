"""The admin's list of text messages: what each may see, and whose one is that names no place."""

import pytest

from controlroom.audit.models import Record
from controlroom.municipalities.choices import Role
from incidents.models import Incident
from linkage.models_messages import DisasterMessage, Landing, MessageDecision
from linkage.services.disaster import text_messages
from tests.conftest import make_member, make_municipality
from tests.linkage.services.disaster.test_text_messages import row

LIST = "/admin/linkage/disastermessage/"


@pytest.fixture
def said(city, other_city):
    """One placed, one that two cities may be meant by, one that names no place."""
    make_municipality("90030", "한빛시", 127.8, 36.3)
    placeless = {"MSG_CN": "저지대 주민은 대피", "ISSU_INST_NM": "홍수통제소"}
    placed = {"MSG_CN": "새벽시 침수", "ISSU_INST_NM": "새벽시"}
    rows = [
        {**row(1, "긴급재난"), **placed},
        row(2, "긴급재난"),
        {**row(3, "긴급재난"), **placeless},
    ]
    text_messages.take_in(rows=iter(rows), places=text_messages.own_gazetteer())
    found = {one.number: one for one in DisasterMessage.objects.all()}
    assert [found[n].landing for n in (1, 2, 3)] == ["placed", "ambiguous", "unplaced"]
    return found


def change(client, message, **fields):
    return client.post(f"{LIST}{message.pk}/change/", fields, follow=True)


def numbers(client, query="") -> set[int]:
    answer = client.get(f"{LIST}{query}")
    assert answer.status_code == 200
    return {one.number for one in answer.context["cl"].result_list}


def test_each_sees_their_own_those_that_may_be_and_those_of_no_place(
    client, said, administrator, haneul, admin_user
):
    client.force_login(administrator)
    assert numbers(client) == {2, 3}
    assert numbers(client, "?landing__exact=unplaced") == {3}
    assert numbers(client, "?whose=waiting") == {2, 3}
    assert numbers(client, "?q=저지대") == {3}
    assert client.get(f"{LIST}{said[1].pk}/change/").status_code in {302, 403, 404}
    client.force_login(admin_user)
    assert numbers(client) == {1, 2, 3}
    client.force_login(haneul)
    assert client.get(LIST).status_code in {302, 403}


def test_a_placeless_one_becomes_an_event_of_the_chosen_city(client, said, administrator, city):
    client.force_login(administrator)
    assert "한빛시" in client.get(f"{LIST}{said[3].pk}/change/").content.decode()
    change(client, said[3], municipalities=[city.pk])
    assert Incident.objects.get(municipality=city).summary.endswith("저지대 주민은 대피")
    assert MessageDecision.objects.get().by == administrator
    assert Record.objects.get(action="disaster_message.ours").municipality == city
    # What the machine found stays as it was found.
    said[3].refresh_from_db()
    assert said[3].landing == Landing.UNPLACED
    assert numbers(client, "?whose=decided") == {3}
    assert numbers(client, "?whose=waiting") == {2}


def test_nobody_gives_it_to_a_city_of_others(client, said, administrator, other_city):
    client.force_login(administrator)
    change(client, said[3], municipalities=[other_city.pk])
    assert not MessageDecision.objects.exists()
    change(client, said[3], concerns_none="on")
    assert not MessageDecision.objects.exists()


def test_who_keeps_the_installation_says_that_it_concerns_nobody_here(
    client, said, admin_user, city, other_city
):
    client.force_login(admin_user)
    both = [city.pk, other_city.pk]
    change(client, said[3], concerns_none="on", municipalities=both)
    assert not MessageDecision.objects.exists()
    change(client, said[3], concerns_none="on")
    assert Record.objects.get(action="disaster_message.none").actor == admin_user
    assert numbers(client, "?whose=none") == {3}
    # It may turn out otherwise: nothing was lost.
    change(client, said[3], municipalities=both)
    assert Incident.objects.filter(municipality__in=both, summary__contains="저지대").count() == 2
    assert numbers(client, "?whose=none") == set()


def test_the_record_of_decisions_is_read_by_its_city(client, said, administrator, city):
    client.force_login(administrator)
    change(client, said[2], municipalities=[city.pk])
    answer = client.get("/admin/linkage/messagedecision/")
    assert [one.message.number for one in answer.context["cl"].result_list] == [2]
    make_member("elsewhere", said[1].places.get().municipality, Role.ADMINISTRATOR)
    client.login(username="elsewhere", password="pass")
    answer = client.get("/admin/linkage/messagedecision/")
    assert not answer.context["cl"].result_list
