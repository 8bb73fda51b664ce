"""The register of Daejeon of 2026 and of Seoul of 2021 against the real boundaries."""

import csv
import gzip

import pytest

from cctv.models import Camera, ImportBatch, ImportRow, Site
from cctv.register import batches, work
from controlroom.municipalities.boundaries import import_boundaries
from controlroom.municipalities.models import Municipality
from tests.conftest import THOROUGH

pytestmark = [pytest.mark.django_db, pytest.mark.real_data]
FAR_KINDS = {"truncated_1_decimal", "dms_packed_as_decimal", "other_far", "other_gu_daejeon"}
# Of the rows that nobody has labelled as misplaced, one in so many: all of them take minutes.
ONE_IN = 1 if THOROUGH else 8


@pytest.fixture
def country(real_data):
    folder = real_data / "boundaries"
    return import_boundaries(
        folder / "sgg_2022.geojson",
        organisations=folder / "municipality_codes_29_plus_daejeon5.csv",
    )


@pytest.fixture
def labels(real_data):
    with (real_data / "cctv" / "daejeon_bad_rows_labelled.csv").open(encoding="utf-8") as file:
        return {row["관리번호"]: row for row in csv.DictReader(file)}


@pytest.fixture
def daejeon(real_data, labels, tmp_path):
    """Give the register of Daejeon with every misplaced row."""
    path = real_data / "cctv" / "daejeon_standard_2026.csv.gz"
    return thinned(path, tmp_path, "cp949", kept=labels)


def thinned(path, folder, encoding, *, kept=()):
    """Write one in so many rows as they are, and every row with an id to keep."""
    if ONE_IN == 1:
        return path
    target = folder / path.name.removesuffix(".gz")
    with (
        gzip.open(path, "rt", encoding=encoding, newline="") as whole,
        target.open("w", encoding=encoding, newline="") as part,
    ):
        rows, chosen = csv.reader(whole), csv.writer(part)
        header = next(rows)
        number = header.index("관리번호") if kept else None
        chosen.writerow(header)
        for at, row in enumerate(rows):
            if at % ONE_IN == 0 or (kept and row[number] in kept):
                chosen.writerow(row)
    return target


def bring_in(path, *, repairs=()) -> ImportBatch:
    batch = batches.receive(path=path, file_name=path.name, municipality=None)
    batches.start_check(batch=batch)
    work.advance(batch.pk)
    batches.start_apply(batch=batch, repairs=repairs)
    work.advance(batch.pk)
    batch.refresh_from_db()
    return batch


def test_misplaced_rows_of_daejeon_are_caught_and_coming_twice_changes_nothing(
    country, daejeon, labels, capsys
):
    first = bring_in(daejeon)
    far = {number for number, row in labels.items() if row["bad_kind"] in FAR_KINDS}
    kept = {row.register_id: row for row in ImportRow.objects.filter(batch=first)}
    others = first.rows_read - len(far)
    caught, wrongly = len(far & set(kept)), len(set(kept) - far)
    dms = {n for n, row in labels.items() if row["bad_kind"] == "dms_packed_as_decimal"}
    proposed = {number for number, row in kept.items() if row.repair == "dms"}
    with capsys.disabled():
        print(  # noqa: T201 the figures are asked for
            f"\nDaejeon: caught {caught} of {len(far)} misplaced rows "
            f"({caught / len(far):.2%}), {wrongly} of {others} others "
            f"({wrongly / others:.2%}); repair proposed for {len(proposed & dms)} of {len(dms)} "
            f"DMS rows and for {len(proposed - dms)} others"
        )
    assert (len(far), len(dms)) == (1278, 219)
    assert caught >= 0.99 * len(far)
    assert wrongly <= 0.002 * others
    assert proposed == dms
    before = list(Site.objects.order_by("pk").values_list("pk", "updated_at", "source_hash"))
    cameras = Camera.objects.count()
    again = bring_in(daejeon)
    assert again.totals["unchanged"] == first.totals["new"] == len(before)
    assert len(before) == 7759 if THOROUGH else len(before) > 950
    assert [again.totals[name] for name in ("new", "changed", "gone")] == [0, 0, 0]
    assert list(Site.objects.order_by("pk").values_list("pk", "updated_at", "source_hash")) == (
        before
    )
    assert Camera.objects.count() == cameras
    places = Municipality.objects.filter(sites__isnull=False).distinct()
    assert {place.code for place in places} == {"30110", "30140", "30170", "30200", "30230"}


def test_a_proposed_repair_of_daejeon_lies_where_the_row_says(country, daejeon, labels):
    batch = bring_in(daejeon, repairs=["dms"])
    assert batch.totals["repaired"] == 219
    for site in Site.objects.filter(
        register_id__in=[
            n for n, row in labels.items() if row["bad_kind"] == "dms_packed_as_decimal"
        ]
    ).select_related("municipality"):
        row = labels[site.register_id]
        degrees = float(row["WGS84위도"][:2])
        digits = row["WGS84위도"].partition(".")[2].ljust(6, "0")
        seconds = float(f"{digits[2:4]}.{digits[4:]}")
        expected = degrees + int(digits[:2]) / 60 + seconds / 3600
        assert site.location.y == pytest.approx(expected, abs=1e-7)
        near = Municipality.objects.filter(pk=site.municipality_id).filter(
            boundary__dwithin=(site.location, 200)
        )
        assert near.exists()


def test_the_seoul_file_comes_in_and_stays_the_same(country, real_data, tmp_path, capsys):
    path = real_data / "cctv" / "seoul_gwanak_nowon_2021.csv.gz"
    path = thinned(path, tmp_path, "utf-8-sig")
    first = bring_in(path)
    again = bring_in(path)
    with capsys.disabled():
        print(  # noqa: T201 the figures are asked for
            f"\nSeoul: {first.rows_read} rows, {first.totals['new']} sites, {first.totals['codes']}"
        )
    assert first.totals["new"] > 6400 / ONE_IN
    assert [again.totals[name] for name in ("new", "changed", "gone")] == [0, 0, 0]
    assert set(Site.objects.values_list("municipality__code", flat=True)) == {"11620", "11350"}
