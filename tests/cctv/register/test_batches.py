"""Imports end to end in a real PostGIS: verdicts, reconciliation, undo, cancel, resume."""

import pytest
from django.contrib.gis.geos import Point

from cctv.choices import BatchState
from cctv.models import Camera, ImportBatch, ImportRow, Site, StagedRow
from cctv.register import batches, work
from controlroom.audit.models import Record
from controlroom.errors import Conflict, Invalid
from controlroom.journal.models import Entry
from tests.cctv.register.conftest import line

pytestmark = pytest.mark.django_db


def state():
    """Everything an import may change, to compare before and after."""
    sites = list(Site.objects.order_by("pk").values())
    return (
        [site | {"location": site["location"].wkt} for site in sites],
        list(Camera.objects.order_by("pk").values()),
    )


def codes(batch):
    return dict(StagedRow.objects.filter(batch=batch).values_list("line", "code"))


def counts(batch):
    return tuple(batch.totals[name] for name in ("new", "changed", "unchanged", "gone"))


def test_a_row_becomes_a_site_with_its_cameras(imported, city):
    imported(line("A1", count=3, look="북동쪽"), line("A2", look="360°"))
    site = Site.objects.get(register_id="A1")
    assert (site.municipality, site.managing_agency, site.camera_count) == (city, "한빛시청", 3)
    assert site.location.coords == pytest.approx((127.4102, 36.4102))
    assert [c.position for c in site.cameras.all()] == [1, 2, 3]
    assert {c.bearing_deg for c in site.cameras.all()} == {45.0}
    assert {c.field_of_view_deg for c in Camera.objects.filter(site__register_id="A2")} == {360.0}


def test_each_kind_of_wrong_place_is_quarantined_with_its_reason(checked):
    # The city is 127.3..127.5 by 36.3..36.5; 0.001 degrees of longitude are about 90 m.
    batch = checked(
        line("ok"),
        line("near", lon=127.5015),
        line("far", lon=127.5035),
        line("swap", lat=127.4102, lon=36.4102),
        line("dms", lat="36.243672", lon="127.243672"),
        line("short", lat=36.4, lon=127.4),
        line("zero", lat=0, lon=0),
        line("nan", lat="NaN"),
        line("abroad", lat=48.85, lon=2.35),
        line("none", lat="", lon=""),
        line("ok", address="다른 곳"),
    )
    assert codes(batch) == {
        2: "ok",
        3: "near_boundary",
        4: "outside_municipality",
        5: "swapped",
        6: "dms",
        7: "truncated",
        8: "zero_place",
        9: "not_a_number",
        10: "out_of_korea",
        11: "no_place",
        12: "duplicate_id",
    }
    assert not Site.objects.exists()


def test_a_repair_is_applied_only_when_chosen(imported):
    rows = [line("swap", lat=127.4102, lon=36.4102), line("dms", lat="36.243672", lon="127.243672")]
    imported(*rows)
    assert not Site.objects.exists()
    assert set(ImportRow.objects.values_list("repair", flat=True)) == {"swapped", "dms"}
    imported(*rows, repairs=["dms"])
    assert Site.objects.get().location.coords == pytest.approx((127.4102, 36.4102))
    imported(*rows, repairs=["dms", "swapped"])
    assert Site.objects.count() == 2


def test_a_kept_row_holds_everything_it_said(imported):
    text = line("far", lon=128.9, address="먼 곳")
    imported(text)
    row = ImportRow.objects.get()
    assert ",".join(row.fields) == text
    assert (row.register_id, row.code, row.detail["distance_m"] > 100_000) == (
        "far",
        "outside_municipality",
        True,
    )


def test_importing_twice_changes_nothing(imported):
    rows = [line("A1"), line("", address="번호 없는 곳"), line("far", lon=128.9)]
    imported(*rows)
    before = state()
    assert counts(imported(*rows)) == (0, 0, 2, 0)
    assert state() == before


def test_a_reimport_tells_new_changed_gone_and_unchanged(imported):
    imported(line("A1"), line("A2"), line("A3"))
    batch = imported(line("A1"), line("A2", count=4), line("A4"))
    assert counts(batch) == (1, 1, 1, 1)
    assert Site.objects.get(register_id="A3").gone_at is not None
    assert Site.objects.get(register_id="A2").cameras.filter(gone_at=None).count() == 4
    assert Site.objects.count() == 4


def test_fewer_cameras_leave_the_register_without_being_deleted(imported):
    imported(line("A1", count=3))
    imported(line("A1", count=1))
    assert list(Camera.objects.values_list("position", "gone_at").filter(gone_at=None)) == [
        (1, None)
    ]
    assert Camera.objects.count() == 3


def test_a_site_that_comes_back_is_the_same_site(imported):
    imported(line("A1"), line("A2"))
    known = Site.objects.get(register_id="A2").pk
    imported(line("A1"))
    imported(line("A1"), line("A2"))
    assert Site.objects.get(register_id="A2").pk == known
    assert Site.objects.in_register().count() == 2


def test_only_municipalities_in_the_file_lose_sites(imported, city, other_city):
    elsewhere = Site.objects.create(
        municipality=other_city,
        register_id="B1",
        source_hash="x",
        location=Point(128.4, 35.4, srid=4326),
    )
    imported(line("A1"))
    elsewhere.refresh_from_db()
    assert elsewhere.gone_at is None


def test_a_quarantined_row_still_names_its_site(imported):
    imported(line("A1"), line("A2"))
    batch = imported(line("A1"), line("A2", lon=128.9))
    assert counts(batch) == (0, 0, 1, 0)
    assert Site.objects.get(register_id="A2").location.x == pytest.approx(127.4102)


def test_a_row_without_number_that_moved_is_the_same_site(imported):
    imported(line("", address="느티나무 앞"))
    batch = imported(line("", address="느티나무 앞", lat=36.412))
    assert counts(batch) == (0, 1, 0, 0)
    assert Site.objects.get().location.y == pytest.approx(36.412)


def test_a_newer_date_alone_is_no_change(imported):
    imported(line("A1"))
    batch = imported(line("A1", date="2026-11-01"))
    assert counts(batch) == (0, 0, 1, 0)
    assert Site.objects.get().data_date.isoformat() == "2026-11-01"


def test_undo_restores_what_stood_there(imported):
    imported(line("A1", look="북"), line("A2"), line("A3", count=3), line("A5"))
    Camera.objects.filter(site__register_id="A1").update(bearing_deg=12)
    before = state()
    batch = imported(
        line("A1", look="남"),
        line("A3", count=1),
        line("A4"),
        line("A2", count=5),
        line("A5", date="2026-11-01"),
    )
    assert state() != before
    batches.start_undo(batch=batch)
    work.advance(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.UNDONE
    assert state() == before


def test_undo_keeps_what_was_edited_since(imported):
    batch = imported(line("A1"), line("A2"))
    site = Site.objects.get(register_id="A1")
    site.name = "손으로 고침"
    site.save()
    batches.start_undo(batch=batch)
    work.advance(batch.pk)
    batch.refresh_from_db()
    assert list(Site.objects.values_list("register_id", flat=True)) == ["A1"]
    assert batch.totals["kept"] == 1


def test_an_earlier_import_is_undone_after_the_later_one(imported):
    first = imported(line("A1"))
    imported(line("A1", count=4))
    with pytest.raises(Conflict):
        batches.start_undo(batch=first)


def test_cancelling_in_the_middle_takes_back_what_was_written(checked, imported, monkeypatch):
    monkeypatch.setattr(work, "CHUNK", 2)
    imported(line("A1"))
    before = state()
    batch = checked(*(line(f"A{n}", count=3) for n in range(1, 9)))
    batches.start_apply(batch=batch)
    work.advance(batch.pk, for_s=0)
    assert Site.objects.count() > 1
    batches.cancel(batch=batch)
    work.advance(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.CANCELLED
    assert state() == before


def test_a_killed_worker_is_followed_where_it_stopped(checked, city, write, monkeypatch):
    monkeypatch.setattr(work, "CHUNK", 3)
    path = write(*(line(f"A{n}") for n in range(10)))
    batch = batches.receive(path=path, file_name="r.csv", municipality=city)
    batches.start_check(batch=batch)
    work.advance(batch.pk, for_s=0)
    batch.refresh_from_db()
    assert (batch.state, batch.rows_read) == (BatchState.READING, 3)

    real = work.judging.judge_places
    monkeypatch.setattr(work.judging, "judge_places", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        work.advance(batch.pk)
    monkeypatch.setattr(work.judging, "judge_places", real)
    batch.refresh_from_db()
    assert batch.rows_read == StagedRow.objects.filter(batch=batch).count() == 3
    work.advance(batch.pk)
    batches.start_apply(batch=batch)
    work.advance(batch.pk, for_s=0)
    assert 0 < Site.objects.count() < 10
    work.advance(batch.pk)
    assert Site.objects.count() == 10


def test_staged_rows_lost_with_the_database_are_read_again(checked):
    batch = checked(line("A1"), line("A2"))
    StagedRow.objects.filter(batch=batch).delete()
    batches.start_apply(batch=batch)
    work.advance(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED
    assert StagedRow.objects.filter(batch=batch).count() == 2


def test_rows_of_another_municipality_are_not_written(checked, city, other_city):
    path_row = line("B1", lat=35.4, lon=128.4, address="새벽시 해안로 1").replace("한빛시청", "")
    batch = checked(path_row, line("A1"), allowed=[city.pk])
    assert codes(batch) == {2: "municipality_not_yours", 3: "ok"}
    assert [scope.municipality for scope in batch.scopes.all()] == [city]


def test_two_imports_never_write_one_register_at_once(checked):
    one, two = checked(line("A1")), checked(line("A2"))
    batches.start_apply(batch=one)
    with pytest.raises(Conflict):
        batches.start_apply(batch=two)


def test_every_import_is_on_record(imported, administrator, city):
    batch = imported(line("A1"), by=administrator)
    entry = Entry.objects.get(kind="register.imported")
    assert (entry.municipality, entry.audience, entry.data["new"]) == (city, "administration", 1)
    record = Record.objects.get(action="register.imported")
    assert (record.actor, record.subject_id) == (administrator, str(batch.pk))


@pytest.mark.parametrize("encoding", ["cp949", "utf-8-sig"])
def test_encodings_give_the_same_register(imported, write, encoding):
    path = write(line("A1", address="느티나무로 1"))
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    imported(path=path)
    assert Site.objects.get().road_address == "느티나무로 1"


def test_a_file_without_header_needs_a_mapping(city, write):
    path = write("한빛시,36.4102,127.4102,한빛로 1", header="한빛시,36.4202,127.4202,한빛로 2")
    with pytest.raises(Invalid):
        batches.receive(path=path, file_name="r.csv", municipality=city)
    pairs = ["municipality=1", "latitude=2", "longitude=3", "address=4"]
    batch = batches.receive(path=path, file_name="r.csv", municipality=None, pairs=pairs)
    batches.start_check(batch=batch)
    work.advance(batch.pk)
    assert list(StagedRow.objects.filter(batch=batch).values_list("code", flat=True)) == ["ok"] * 2


def test_a_municipality_without_boundary_keeps_its_rows_out(checked, city):
    city.boundary = None
    city.save()
    assert codes(checked(line("A1"))) == {2: "boundary_missing"}


def test_a_batch_is_seen_by_those_who_keep_that_register(checked, administrator, haneul, stranger):
    batch = checked(line("A1"))
    assert list(ImportBatch.objects.visible_to(administrator)) == [batch]
    assert not ImportBatch.objects.visible_to(haneul).exists()
    assert not ImportBatch.objects.visible_to(stranger).exists()
