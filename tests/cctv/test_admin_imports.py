"""Register imports in the admin: who may, what each step shows, and what it leaves."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cctv import tasks
from cctv.choices import BatchState
from cctv.models import ImportBatch, ImportRow, Site
from cctv.register import batches, work
from controlroom.municipalities.choices import Role
from tests.cctv.register.conftest import HEADER, _media, checked, imported, line, write  # noqa: F401
from tests.conftest import make_member

pytestmark = pytest.mark.django_db
ADD = "/admin/cctv/importbatch/add/"


@pytest.fixture(autouse=True)
def queued(monkeypatch):
    """Keep what would go to the broker, to be worked on by the test."""
    waiting = []
    monkeypatch.setattr(tasks.advance_import, "delay", waiting.append)
    return waiting


@pytest.fixture
def keeper(client, administrator):
    client.force_login(administrator)
    return client


def upload(client, city, *rows, name="register.csv", header=HEADER):
    data = "\n".join([header, *rows]).encode("cp949")
    return client.post(
        ADD, {"file": SimpleUploadedFile(name, data), "municipality": city.pk}, follow=True
    )


def page(batch):
    return reverse("admin:cctv_importbatch_change", args=[batch.pk])


def step(client, batch, name, **data):
    return client.post(reverse(f"admin:cctv_import_{name}", args=[batch.pk]), data)


def columns_of(batch, **changes):
    data = {"encoding": batch.encoding, "header": "yes"}
    data |= {f"column_{field}": index for field, index in batch.mapping.items()}
    return data | changes


def test_a_file_goes_from_upload_to_register(
    keeper, city, queued, django_capture_on_commit_callbacks
):
    answer = upload(keeper, city, line("A1"), line("far", lon=128.9))
    batch = ImportBatch.objects.get()
    assert answer.status_code == 200
    assert batch.encoding == "cp949"
    assert "한빛로 A1" in answer.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        step(keeper, batch, "map", check="1", **columns_of(batch))
    assert queued == [batch.pk]
    tasks.advance_import(batch.pk)
    shown = keeper.get(page(batch)).content.decode()
    assert "명시된 지자체 경계에서" in shown
    assert not Site.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        step(keeper, batch, "apply")
    tasks.advance_import(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE
    assert Site.objects.get().register_id == "A1"
    assert ImportRow.objects.get().register_id == "far"
    assert keeper.get(page(batch)).status_code == 200


def test_the_columns_of_an_unknown_file_are_chosen_by_hand(keeper, city):
    rows = ["가,36.4102,127.4102,한빛로 1", "나,36.4202,127.4202,한빛로 2"]
    upload(keeper, city, *rows, header="이름,세로,가로,어디")
    batch = ImportBatch.objects.get()
    step(keeper, batch, "map", check="1", encoding="cp949", header="yes")
    batch.refresh_from_db()
    assert batch.state == BatchState.UPLOADED
    chosen = {"column_latitude": 1, "column_longitude": 2, "column_address": 3}
    step(keeper, batch, "map", check="1", encoding="cp949", header="yes", **chosen)
    work.advance(batch.pk)
    batch.refresh_from_db()
    assert batch.totals["accepted"] == 2


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04book", b"\x1f\x8b broken"])
def test_a_file_that_cannot_be_read_is_refused_with_a_reason(keeper, city, data):
    file = SimpleUploadedFile("r.csv", data)
    answer = keeper.post(ADD, {"file": file, "municipality": city.pk})
    assert "import-error" in answer.content.decode()
    assert not ImportBatch.objects.exists()


def test_rows_are_filtered_by_verdict_and_reason(keeper, checked):  # noqa: F811
    batch = checked(line("A1"), line("far", lon=128.9), line("none", lat="", lon=""))

    def lines(query):
        return [row["line"] for row in keeper.get(page(batch) + query).context["rows"]]

    assert lines("") == [2, 3, 4]
    assert lines("?verdict=quarantined") == [3]
    assert lines("?code=no_place") == [4]


def test_the_map_gets_boundary_and_points(keeper, checked):  # noqa: F811
    batch = checked(line("A1"), line("swap", lat=127.4102, lon=36.4102))
    data = keeper.get(reverse("admin:cctv_import_points", args=[batch.pk])).json()
    assert data["boundary"]["features"][0]["properties"]["name"] == "한빛시"
    assert [point[2:4] for point in data["points"]] == [["accepted", 2], ["quarantined", 3]]
    assert data["points"][1][4:] == pytest.approx([127.4102, 36.4102])


def test_progress_says_how_far_and_whether_the_worker_lives(keeper, checked, monkeypatch):  # noqa: F811
    monkeypatch.setattr(work, "CHUNK", 1)
    batch = checked(line("A1"), line("A2"))
    batches.start_apply(batch=batch)
    work.advance(batch.pk, for_s=0)
    address = reverse("admin:cctv_import_progress", args=[batch.pk])
    seen = keeper.get(address).json()
    assert (seen["running"], seen["stale"], 0 < seen["percent"] <= 100) == (True, False, True)


def test_a_silent_job_is_given_to_a_worker_again(checked, queued, monkeypatch):  # noqa: F811
    batch = checked(line("A1"))
    batches.start_apply(batch=batch)
    tasks.revive_imports()
    assert queued == []
    monkeypatch.setattr(batches, "SILENT_S", -1)
    tasks.revive_imports()
    assert queued == [batch.pk]


def test_a_failed_job_says_so_and_can_go_on(keeper, checked, monkeypatch):  # noqa: F811
    batch = checked(line("A1"))
    batches.start_apply(batch=batch)
    real = work.reconcile.apply_range
    monkeypatch.setattr(work.reconcile, "apply_range", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tasks.advance_import(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.FAILED
    assert batch.error
    monkeypatch.setattr(work.reconcile, "apply_range", real)
    step(keeper, batch, "resume")
    tasks.advance_import(batch.pk)
    batch.refresh_from_db()
    assert batch.state == BatchState.DONE


def test_the_error_file_comes_in_either_encoding(keeper, imported):  # noqa: F811
    batch = imported(line("A1"), line("far", lon=128.9))
    address = reverse("admin:cctv_import_errors", args=[batch.pk])
    assert "far" in b"".join(keeper.get(address)).decode("utf-8-sig")
    assert "far" in b"".join(keeper.get(address, {"encoding": "cp949"})).decode("cp949")


def test_an_import_is_cancelled_and_undone_from_its_page(keeper, checked, imported):  # noqa: F811
    one = checked(line("A1"))
    step(keeper, one, "cancel")
    one.refresh_from_db()
    assert one.state == BatchState.CANCELLED
    two = imported(line("A1"))
    step(keeper, two, "undo")
    work.advance(two.pk)
    assert not Site.objects.exists()


STEPS = ["map", "apply", "cancel", "undo", "resume", "progress", "points", "errors"]


@pytest.mark.parametrize("name", STEPS)
def test_a_stranger_finds_no_import(client, other_city, checked, name):  # noqa: F811
    batch = checked(line("A1"))
    client.force_login(make_member("elsewhere", other_city, Role.ADMINISTRATOR))
    address = reverse(f"admin:cctv_import_{name}", args=[batch.pk])
    method = client.get if name in {"progress", "points", "errors"} else client.post
    assert method(address).status_code == 404
    assert client.get(page(batch)).status_code == 404


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR, Role.SUPERVISOR])
def test_other_roles_of_the_city_import_nothing(client, city, checked, role):  # noqa: F811
    batch = checked(line("A1"))
    client.force_login(make_member("somebody", city, role))
    assert client.get(ADD).status_code in {302, 403}
    assert client.post(ADD).status_code in {302, 403}
    assert client.get(page(batch)).status_code in {302, 403, 404}
    answer = step(client, batch, "apply")
    assert answer.status_code in {302, 403, 404}
    batch.refresh_from_db()
    assert batch.state == BatchState.CHECKED


def test_an_administrator_cannot_import_for_another_city(keeper, other_city):
    upload(keeper, other_city, line("A1"))
    assert not ImportBatch.objects.exists()


def test_a_batch_of_two_cities_is_changed_only_by_who_keeps_both(
    keeper,
    city,
    other_city,
    imported,  # noqa: F811
):
    theirs = line("B1", lat=35.4102, lon=128.4102, address="새벽시 해안로 1").replace(
        "한빛시청", ""
    )
    batch = imported(line("A1"), theirs, line("far", lon=128.9))
    assert batch.scopes.count() == 2
    assert step(keeper, batch, "undo").status_code == 403
    assert [place for place, _counts in keeper.get(page(batch)).context["scopes"]] == [city]


def test_quarantined_rows_are_listed_with_their_reason(keeper, imported):  # noqa: F811
    imported(line("far", lon=128.9))
    assert "명시된 지자체 경계에서" in keeper.get("/admin/cctv/importrow/").content.decode()
    row = ImportRow.objects.get()
    shown = keeper.get(reverse("admin:cctv_importrow_change", args=[row.pk])).content.decode()
    assert "관리번호: far" in shown
