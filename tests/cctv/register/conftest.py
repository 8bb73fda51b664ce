"""Small register files of the cast's city, and an import of one in a single call."""

import pytest

from cctv.models import ImportBatch
from cctv.register import batches, work

HEADER = (
    "관리번호,관리기관명,소재지도로명주소,설치목적구분,카메라대수,촬영방면정보,"
    "WGS84위도,WGS84경도,데이터기준일자"
)


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def write(tmp_path):
    def write_rows(*rows, header=HEADER, name="register.csv"):
        path = tmp_path / name
        path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
        return path

    return write_rows


@pytest.fixture
def checked(city, write):
    def check(*rows, by=None, path=None, **kinds) -> ImportBatch:
        path = path or write(*rows)
        batch = batches.receive(path=path, file_name=path.name, municipality=city, by=by, **kinds)
        batches.start_check(batch=batch)
        work.advance(batch.pk)
        batch.refresh_from_db()
        return batch

    return check


@pytest.fixture
def imported(checked):
    def run(*rows, repairs=(), keep_missing=False, **kinds) -> ImportBatch:
        batch = checked(*rows, **kinds)
        batches.start_apply(batch=batch, repairs=repairs, keep_missing=keep_missing)
        work.advance(batch.pk)
        batch.refresh_from_db()
        return batch

    return run


def line(number, *, lat=36.4102, lon=127.4102, count=2, look="", address="", date="2026-05-01"):
    address = address or f"한빛로 {number}"
    return f"{number},한빛시청,{address},생활방범,{count},{look},{lat},{lon},{date}"
