"""The register of provision: made of what truly left, never changed, handed out with a reason."""

import csv
import io
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone, translation

from cctv import view_ends
from cctv.models import ViewRecord
from controlroom.accounts.models import User
from controlroom.audit import chain
from controlroom.audit.models import Record
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import Membership
from linkage import stills
from linkage.models import ProvisionCorrection, ProvisionEntry, StreamGrant
from linkage.models_provision import Form
from linkage.provision import entries
from linkage.provision.entries import Released
from linkage.provision.rows import Asked, Words, cells, entries_of, rows, running, totals
from tests.linkage.services.police112.conftest import *  # noqa: F403 - its room and its case
from tests.linkage.services.police112.conftest import RECEIPT, ask
from tests.linkage.services.police112.terminals import sent_still

pytestmark = pytest.mark.django_db
PAGE = "/m/90010/linkage/provision/"


@pytest.fixture
def grant(case, cameras, post) -> StreamGrant:
    assert post(ask(cameras[0].pk)).status_code == 201
    return StreamGrant.objects.get()


@pytest.fixture
def officer(city) -> User:
    person = User.objects.create_user("officer", display_name="=지킴이")
    Membership.objects.create(user=person, municipality=city, role=Role.PRIVACY_OFFICER)
    return person


def view_of(of, **said) -> ViewRecord:
    """A session that was ended 20 s ago, with what it sent."""
    began = timezone.now() - timedelta(seconds=60)
    pause = [(began + timedelta(seconds=at)).isoformat() for at in (10, 15)]
    facts = {
        "municipality_id": of.municipality_id,
        "camera_id": of.camera_id,
        "agent": of.link.code,
        "grant": of.reference,
        "incident_id": of.incident_id,
        "purpose": "x",
        "started_at": began,
        "first_byte_at": began,
        "last_byte_at": began + timedelta(seconds=39),
        "sent_until": began + timedelta(seconds=40),
        "ended_at": began + timedelta(seconds=40),
        "breaks": [pause],
        "end_reason": "stopped",
        "bytes_sent": 5_000,
    }
    return ViewRecord.objects.create(**facts | said)


@pytest.fixture
def entry(grant) -> ProvisionEntry:
    view_of(grant)
    view_ends.settle()
    return ProvisionEntry.objects.get()


def test_a_settled_session_becomes_one_entry_that_leads_back_to_all_of_it(grant):
    view = view_of(grant)
    view_ends.settle()
    view_ends.settle()
    entry = ProvisionEntry.objects.get()
    assert (entry.session, entry.grant, entry.incident) == (view, grant, grant.incident)
    assert (entry.began_at, entry.ended_at) == (view.first_byte_at, view.sent_until)
    assert (entry.case_number, entry.request) == (RECEIPT, grant.request_id)
    assert (entry.purpose, entry.basis, entry.size) == ("SCENE", "ACT-112", 5_000)
    assert entry.recipient == str(grant.link.agency)


def test_a_picture_of_before_is_in_the_remarks_and_claims_no_second(grant):
    """With video a remark; alone an entry of its own, as a still of no length."""
    at = timezone.localtime() - timedelta(seconds=50)
    before = {"poster_taken_at": at, "poster_sent_at": at + timedelta(seconds=9)}
    view_of(grant, **before)
    view_of(grant, **before, first_byte_at=None, sent_until=None, breaks=[])
    asked = {"municipality": grant.municipality, "asked": Asked()}
    reader = User.objects.create_user("reader")
    Membership.objects.create(user=reader, municipality=grant.municipality, role=Role.AUDITOR)
    assert len(running(user=reader, **asked)) == 2
    view_ends.settle()
    found = list(rows(entries_of(user=reader, **asked)))
    assert {(row.entry.form, row.seconds) for row in found} == {
        (Form.LIVE, 35.0),
        (Form.STILL, 0.0),
    }
    assert totals(entries_of(user=reader, **asked)).seconds == 35.0
    sent = at + timedelta(seconds=9)
    with translation.override("en"):
        said = [cells(row, Words())[-1] for row in found]
    remark = f"a still of {at:%Y-%m-%d %H:%M:%S} was shown at {sent:%Y-%m-%d %H:%M:%S}"
    assert all(remark in words for words in said), said


@pytest.mark.parametrize("nothing", [{"first_byte_at": None, "sent_until": None}, {"grant": None}])
def test_what_delivered_nothing_to_anybody_else_is_no_entry(grant, nothing):
    view_of(grant, **nothing)
    assert view_ends.settle() == 1
    assert not ProvisionEntry.objects.exists()


def test_a_session_that_cannot_be_entered_is_not_settled(grant, monkeypatch):
    view_of(grant)

    def full(**_facts):
        raise IntegrityError("the register is full")

    with monkeypatch.context() as patch:
        patch.setattr(ProvisionEntry.objects, "create", full)
        with pytest.raises(IntegrityError), transaction.atomic():
            view_ends.settle()
    assert not Record.objects.filter(action="video.view_closed").exists()
    view_ends.settle()
    assert ProvisionEntry.objects.count() == 1


def test_a_still_is_entered_each_time_that_it_is_fetched(case, cameras, link, haneul):
    release = sent_still(link, case, cameras[0], haneul)
    for _time in range(2):
        found = stills.open_to(link=link, reference=release.still.reference)
        stills.serve(release=found)
    assert (
        list(ProvisionEntry.objects.values_list("form", "still", "sha256"))
        == [(Form.STILL, release.pk, release.still.sha256)] * 2
    )


def test_a_released_file_is_entered(city, case, cameras, link):
    now = timezone.now()
    entry = entries.enter_release(
        released=Released(
            export=uuid.uuid4(),
            municipality_id=city.pk,
            recipient="한빛경찰서",
            received_by="박수사",
            purpose="수사",
            basis="PIPA-18-2-7",
            released_at=now,
            available_until=now + timedelta(days=7),
            size=10,
            sha256="0" * 64,
            request="수사과-1234",
            handled_by="김담당",
            camera=cameras[0],
            incident=case,
            link=link,
        )
    )
    assert (entry.form, entry.handled_by) == (Form.FILE, "김담당")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE linkage_provisionentry SET recipient = 'x'",
        "DELETE FROM linkage_provisionentry",
        "UPDATE linkage_provisioncorrection SET value = 'x'",
        "DELETE FROM linkage_provisioncorrection",
    ],
)
def test_the_register_refuses_change(entry, officer, change):
    entries.correct(entry=entry, field="purpose", value="수색", reason="오기", by=officer)
    with (
        pytest.raises(ProgrammingError, match="only added"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


def test_a_correction_is_a_new_row_beside_the_entry(client, entry, officer):
    client.force_login(officer)
    said = {"field": "purpose", "value": "수색", "reason": "요청서와 다름"}
    assert client.post(f"{PAGE}{entry.pk}/correct/", said).status_code == 302
    correction = ProvisionCorrection.objects.get()
    assert (correction.entry, correction.by, correction.reason) == (entry, officer, "요청서와 다름")
    assert "수색 (요청서와 다름; =지킴이" in client.get(PAGE).content.decode()
    assert Record.objects.get(action="provision.corrected").reason == "요청서와 다름"
    client.post(f"{PAGE}{entry.pk}/correct/", said | {"reason": " "})
    client.post(f"{PAGE}{entry.pk}/correct/", said | {"field": "began_at"})
    assert ProvisionCorrection.objects.count() == 1


def test_an_auditor_reads_and_corrects_nothing(client, entry, bada):
    client.force_login(bada)
    page = client.get(PAGE).content.decode()
    assert RECEIPT in page
    assert "/correct/" not in page
    client.post(f"{PAGE}{entry.pk}/correct/", {"field": "purpose", "value": "x", "reason": "y"})
    assert not ProvisionCorrection.objects.exists()


def test_nobody_else_reads_it(client, entry, haneul, stranger):
    assert client.get(PAGE).status_code == 302
    for person, status in ((haneul, 403), (stranger, 404)):
        client.force_login(person)
        assert client.get(PAGE).status_code == status
        said = {"kind": "csv", "reason": "x"}
        assert client.post(f"{PAGE}export/", said).status_code == status
    assert not Record.objects.filter(action="provision.exported").exists()


def test_it_is_narrowed_by_what_its_columns_say(client, grant, officer):
    view_of(grant)
    view_ends.settle()
    running = view_of(grant, ended_at=None, end_reason="")
    client.force_login(officer)
    yesterday = (timezone.localtime() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    fits = [
        "",
        f"agency={grant.link.agency}",
        "service=police112&form=live",
        f"purpose=SCENE&basis=ACT-112&camera={grant.camera_id}",
        f"case={RECEIPT}&incident={grant.incident.number}",
        f"since={yesterday}",
        f"words={RECEIPT}",
    ]
    misses = [
        "service=fire119",
        f"camera={grant.camera_id + 1}",
        f"until={yesterday}",
        "words=없음",
    ]
    for query in fits:
        found = client.get(f"{PAGE}?{query}").context
        assert found["rows"][0][0].entry.session_id == running.pk, query
        assert (found["totals"].count, found["totals"].seconds) == (1, 35.0), query
    for query in misses:
        assert client.get(f"{PAGE}?{query}").context["rows"] == [], query


def test_it_is_read_page_by_page_with_a_steady_number_of_questions(
    client, grant, officer, django_assert_max_num_queries
):
    for _one in range(52):
        view_of(grant)
    view_ends.settle()
    client.force_login(officer)
    with django_assert_max_num_queries(25):
        first = client.get(PAGE)
    assert len(first.context["rows"]) == 50
    assert len(client.get(f"{PAGE}?page=2").context["rows"]) == 2


@pytest.mark.parametrize("kind", ["csv", "pdf", "hwpx"])
def test_it_is_handed_out_with_a_reason_and_a_record(client, entry, officer, kind):
    client.force_login(officer)
    assert client.post(f"{PAGE}export/", {"kind": kind, "reason": " "}).status_code == 302
    assert not Record.objects.filter(action="provision.exported").exists()
    made = client.post(f"{PAGE}export/?purpose=SCENE", {"kind": kind, "reason": "정기 점검"})
    assert made["Content-Disposition"].endswith(f'.{kind}"')
    record = Record.objects.get(action="provision.exported")
    assert (record.reason, record.actor, record.detail["rows"]) == ("정기 점검", officer, 1)
    assert record.detail["asked"] == {"purpose": "SCENE"}


def test_without_a_record_nothing_is_handed_out(client, entry, officer, monkeypatch):
    def full(**_said):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(chain, "record", full)
    client.force_login(officer)
    with pytest.raises(RuntimeError):
        client.post(f"{PAGE}export/", {"kind": "csv", "reason": "점검"})


def test_no_cell_of_the_csv_is_a_formula(client, entry, officer):
    entries.correct(entry=entry, field="purpose", value="=1+1", reason="x", by=officer)
    ProvisionEntry.objects.bulk_create(
        [ProvisionEntry(**entries.session_facts(entry.session, entry.grant) | {
            "session": None, "export": uuid.uuid4(), "purpose": "=cmd|' /C calc'!A0",
        })]
    )  # fmt: skip
    client.force_login(officer)
    with translation.override("ko"):
        made = client.post(f"{PAGE}export/", {"kind": "csv", "reason": "점검"}).content
    table = list(csv.reader(io.StringIO(made.decode("utf-8-sig"))))
    assert table[0][:3] == ["번호", "일시", "파일명·형태"]
    assert len(table) == 3
    assert not [cell for row in table for cell in row if cell[:1] in {"=", "+", "-", "@"}]
