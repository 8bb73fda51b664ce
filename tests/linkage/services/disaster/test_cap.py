"""CAP alerts come in by HTTP once, by chain and by route; our own go out as the schema says."""

import sys
from datetime import timedelta

import pytest
from django.utils import timezone
from lxml import etree

from incidents.models import Incident
from linkage import system_checks
from linkage.cap import reading
from linkage.models import InboxMessage
from linkage.models_cap import CapAlert, CapIssue, CapSource
from linkage.models_disaster import Situation
from linkage.services.disaster import own_alerts, situations
from linkage.services.disaster.routes import covers
from tests.linkage.cap.alerts import HEAD, HOSTILE, KR, KR_AREA, alert, info, references
from tests.linkage.cap.test_reading import REFUSED
from tests.linkage.conftest import api_client
from tests.linkage.services.disaster.conftest import make_link, notify

SENT = (timezone.localtime() - timedelta(minutes=10)).replace(microsecond=0)
FIRST = ("cap.agency.example", "A-1", SENT.isoformat())
OURS = {"identifier": "A-1", "sent": SENT.isoformat()}


def later(minutes: int) -> str:
    return (SENT + timedelta(minutes=minutes)).isoformat()


def cancel(identifier="A-2", *, sender="cap.agency.example", of=FIRST, minutes=2) -> bytes:
    return alert(
        identifier=identifier,
        sender=sender,
        sent=later(minutes),
        msg_type="Cancel",
        after=references(of),
        infos="",
    )


def update(identifier="A-3", *, minutes=1, **changed) -> bytes:
    return alert(
        identifier=identifier,
        sent=later(minutes),
        msg_type="Update",
        after=references(FIRST),
        **changed,
    )


@pytest.fixture
def put(client, room):
    def sent(raw: bytes, **headers):
        return client.post(
            f"/api/v1/links/{room.code}/cap", raw, content_type="application/xml", headers=headers
        )

    return sent


def test_an_alert_opens_a_situation_with_its_area_and_is_kept_raw(put):
    answer = put(alert(**OURS))
    assert answer.status_code == 201, answer.data
    situation = Situation.objects.get()
    assert situation.area_names == ["한빛시"]
    assert situation.area.contains(Incident.objects.get().location)
    assert situation.level == 3
    assert Incident.objects.get().kind.code == "D01"
    assert bytes(InboxMessage.objects.get().raw) == alert(**OURS)


def test_the_same_alert_again_gives_the_same_and_opens_nothing(put):
    put(alert(**OURS))
    answer = put(alert(**OURS))
    assert answer.status_code == 201
    assert answer.headers["Idempotency-Replayed"] == "true"
    assert Incident.objects.count() == CapAlert.objects.count() == 1


def test_the_same_name_with_another_content_is_refused(put):
    put(alert(**OURS))
    answer = put(alert(**OURS, extra="<note>다름</note>"))
    assert (answer.status_code, answer.data["code"]) == (409, "message_id_conflict")


def test_an_update_changes_and_a_cancel_ends_the_chain(put):
    put(alert(**OURS))
    answer = put(update(infos=info(more="", area="<area><areaDesc>중앙동</areaDesc></area>")))
    assert answer.data["alerts"][0]["result"] == "applied"
    assert Situation.objects.get().area_names == ["중앙동"]
    assert put(cancel()).data["alerts"][0]["incident"]["status"] == "cancelled"
    assert Situation.objects.get().ended_at is not None
    assert Incident.objects.count() == 1


def test_an_older_update_is_kept_and_not_applied(put):
    put(alert(**OURS))
    put(update("A-5", minutes=5))
    answer = put(update("A-4", minutes=4))
    assert answer.data["alerts"][0]["result"] == "stale"


def test_a_cancel_that_overtakes_its_alert_waits_and_counts(put):
    assert put(cancel()).status_code == 202
    assert put(alert(**OURS)).data["alerts"][0]["incident"]["status"] == "cancelled"
    assert Situation.objects.get().ended_at is not None


def test_a_cancel_in_another_senders_name_is_refused(put):
    put(alert(**OURS))
    answer = put(cancel(sender="cap.other.example"))
    assert (answer.status_code, answer.data["code"], answer.data["note"]) == (
        403,
        "cap_sender",
        "410",
    )
    assert Incident.objects.get().status == "received"


def test_another_link_cannot_cancel_in_the_senders_own_name(put, city):
    put(alert(**OURS))
    other = make_link(city, code="disaster-forger", organisation_code="1741001")
    forger = api_client(other, "disaster")
    answer = forger.post(
        f"/api/v1/links/{other.code}/cap", cancel(), content_type="application/xml"
    )
    assert (answer.status_code, answer.data["code"]) == (403, "cap_sender")
    assert Incident.objects.get().status == "received"


def test_a_link_speaks_only_for_its_senders(put, room):
    CapSource.objects.create(link=room, senders=["cap.mois.example"])
    assert put(alert(**OURS)).data["note"] == "410"
    assert put(alert(**{**KR, "sent": SENT.isoformat()})).status_code == 201


@pytest.mark.parametrize(
    ("changed", "route", "opens"),
    [
        ({"scope": "Public"}, "ours", True),
        ({"scope": "Public", "area": ""}, "no_area", False),
        ({"scope": "Restricted", "extra": "<restriction>한빛시</restriction>"}, "ours", True),
        (
            {"scope": "Restricted", "extra": "<restriction>다른시</restriction>"},
            "not_addressed",
            False,
        ),
        ({"scope": "Private", "extra": "<addresses>90010 90020</addresses>"}, "ours", True),
        ({"scope": "Private", "extra": "<addresses>90020</addresses>"}, "not_addressed", False),
        ({"area": KR_AREA}, "ours", True),
        ({"area": KR_AREA.replace("9001000000", "0000000000")}, "ours", True),
        ({"area": KR_AREA.replace("9001000000", "9000000000")}, "ours", True),
        ({"area": KR_AREA.replace("9001000000", "9002000000")}, "elsewhere", False),
        ({"status": "Test"}, "not_real", False),
    ],
)
def test_an_alert_goes_where_its_area_and_its_addresses_lead(put, changed, route, opens):
    answer = put(alert(**OURS, **changed))
    assert answer.data["alerts"][0]["route"] == route
    assert Incident.objects.exists() == opens
    assert CapAlert.objects.count() == 1


def test_an_exercise_is_a_drill(put, room):
    put(alert(**OURS, status="Exercise", extra="<note>민방위훈련</note>"))
    assert Incident.objects.get().is_drill
    room.allows_drills = False
    room.save()
    assert put(alert(identifier="B-1", sent=later(0), status="Exercise")).status_code == 409


@pytest.mark.parametrize(
    ("code", "own", "covered"),
    [
        ("4111100000", "41110", True),
        ("4111000000", "41111", True),
        ("4111100000", "41113", False),
        ("4211000000", "51110", True),
        ("4500000000", "52110", True),
        ("3011010100", "30110", True),
        ("3011010100", "30140", False),
    ],
)
def test_a_code_covers_cities_districts_and_their_successors(code, own, covered):
    assert covers(code, own) is covered


def test_the_answer_is_a_cap_document_when_asked(put):
    taken = put(alert(**OURS), Accept="application/cap+xml")
    (ack,) = reading.read(taken.content, now=timezone.now(), profile_required=True)
    assert (ack.msg_type, ack.note, ack.references[0].identifier) == ("Ack", "000", "A-1")
    refused = put(alert(identifier="a,b"), Accept="application/cap+xml")
    assert refused.status_code == 422
    text = etree.fromstring(refused.content).findtext("{*}note")
    assert text == "210"


def test_an_error_names_what_it_refuses_as_far_as_it_can_be_read(put, room):
    CapSource.objects.create(link=room, senders=["cap.mois.example"])
    both = (
        HEAD
        + "<list>"
        + "".join(
            alert(identifier=name, sent=SENT.isoformat(), head="").decode()
            for name in ("A-1", "A-2")
        )
        + "</list>"
    )
    unnamed = alert(identifier="a,b", sent=SENT.isoformat())
    for raw, names in ((alert(**OURS), ["A-1"]), (both.encode(), ["A-1", "A-2"]), (unnamed, [])):
        refused = put(raw, Accept="application/cap+xml")
        (error,) = reading.alert_elements(etree.fromstring(refused.content))
        said = (error.findtext("{*}references") or "").split()
        assert [one.split(",") for one in said] == [
            ["cap.agency.example", name, SENT.isoformat()] for name in names
        ]
        addressed = "cap.agency.example" if names else "unknown"
        assert error.findtext("{*}addresses") == addressed
        assert error.findtext("{*}msgType") == "Error"


def test_each_city_speaks_in_its_own_name(send, haneul, city, settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1", "room.example.org", "testserver"]
    assert own_alerts.sender(city) == "room.example.org"
    settings.CAP_SENDERS = {"": "cap.example.org"}
    assert own_alerts.sender(city) == "cap.example.org"
    settings.CAP_SENDERS = {"": "cap.example.org", city.code: "cap.hanbit.example"}
    send(notify())
    situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)
    assert CapIssue.objects.get().sender == "cap.hanbit.example"


def test_a_start_in_production_asks_for_a_name_and_for_the_senders_of_a_line(settings, room):
    settings.HTTPS, settings.DEBUG, settings.CAP_SENDERS = True, False, {}
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    assert [one.id for one in system_checks.alert_sender()] == ["linkage.E001"]
    settings.CAP_SENDERS = {"": "cap.example.org"}
    assert system_checks.alert_sender() == []
    assert [one.id for one in system_checks.unnamed_senders(databases=["default"])] == [
        "linkage.W001"
    ]
    CapSource.objects.create(link=room, senders=["cap.mois.example"])
    assert system_checks.unnamed_senders(databases=["default"]) == []


@pytest.mark.parametrize("name", ["external entity", "50 MB", "swapped", "antimeridian"])
def test_a_hostile_alert_leaves_nothing(put, name):
    raw, code, note = HOSTILE[name]
    answer = put(raw)
    assert (answer.status_code // 100, answer.data["code"], answer.data["note"]) == (4, code, note)
    assert not InboxMessage.objects.exists()


def test_every_alert_of_the_public_collection_is_taken_in_with_its_areas(real_data, put, capsys):
    lines = []
    for path in sorted((real_data / "cap").iterdir()):
        if path.suffix == ".md":
            continue
        answer = put(path.read_bytes())
        if path.name in REFUSED:
            assert answer.data["code"] == REFUSED[path.name]
            continue
        assert answer.status_code in {201, 202}, (path.name, answer.data)
        for one in answer.data["alerts"]:
            shown = ", ".join(one["areas"])[:60]
            lines.append(f"{path.name[12:40]:28} {one['route']:10} {one['result']:10} {shown}")
    with capsys.disabled():
        sys.stdout.write("\n".join(["", *lines, f"{CapAlert.objects.count()} alerts kept", ""]))
    assert CapAlert.objects.count() == len(lines) == 30


def test_a_public_situation_is_an_alert_an_update_and_a_cancel(send, client, haneul, city):
    send(notify())
    situation = situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)
    situations.set_level(situation=situation, level=4, by=haneul)
    situations.end(situation=situation, by=haneul)
    kinds = [issue.msg_type for issue in CapIssue.objects.order_by("pk")]
    assert kinds == ["Alert", "Update", "Cancel"]
    for issue in CapIssue.objects.all():
        (read,) = reading.read(bytes(issue.body), now=timezone.now(), profile_required=True)
        assert read.areas[0].legal_codes == ("9001000000",)
    client.logout()
    index = client.get(f"/cap/{city.code}/index.atom")
    feed = etree.fromstring(index.content)
    links = feed.findall("{*}entry/{*}link")
    assert len(links) == 3
    document = client.get(links[0].get("href"))
    assert document.headers["Content-Type"].startswith("application/cap+xml")


def reply_to(issue: CapIssue, kind: str, note: str, *, sent=None, name="R-1") -> bytes:
    return alert(
        identifier=name,
        sent=later(1),
        msg_type=kind,
        scope="Private",
        extra=f"<addresses>{issue.sender}</addresses><note>{note}</note>",
        after=references((issue.sender, issue.identifier, (sent or issue.sent).isoformat())),
        infos="",
    )


def test_a_reply_to_our_alert_is_linked_to_it_and_shown(send, put, client, city, haneul):
    send(notify())
    situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)
    issue, incident = CapIssue.objects.get(), Incident.objects.get()
    assert put(reply_to(issue, "Ack", "000")).data["alerts"][0]["result"] == "applied"
    assert put(reply_to(issue, "Error", "220", name="R-2")).status_code == 201
    # The same name at another time is another alert, which we have never sent.
    other = reply_to(issue, "Ack", "000", sent=issue.sent - timedelta(days=1), name="R-3")
    assert put(other).data["alerts"][0]["result"] == "unchanged"
    verbs = list(incident.events.values_list("verb", flat=True))
    assert verbs.count("cap-ack") == verbs.count("cap-error") == 1
    client.credentials()
    client.force_login(haneul)
    found = client.get(f"/m/{city.code}/linkage/incidents/{incident.pk}/disaster/").data
    (shown,) = found["issued"]
    said = [(one["msg_type"], one["note"]) for one in shown["replies"]]
    assert said == [("Ack", "000"), ("Error", "220")]
    assert found["alerts"] == []


def test_our_alerts_validate_against_the_oasis_schema(real_data, send, haneul):
    send(notify())
    situations.publish(situation=Situation.objects.get(), is_public=True, by=haneul)
    schema = etree.XMLSchema(file=str(real_data / "standards/cap-xsd/CAP-v1.2-oasis.xsd"))
    document = etree.fromstring(bytes(CapIssue.objects.get().body))
    assert schema.validate(document), schema.error_log


def test_nothing_of_an_unpublished_situation_is_public(send, client, city):
    send(notify())
    client.logout()
    assert b"<entry" not in client.get(f"/cap/{city.code}/index.atom").content
