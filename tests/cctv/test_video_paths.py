"""What an address under /video/ asks for, and what is no such address."""

import pytest

from cctv.choices import Quality
from cctv.video_paths import Wanted, piece_of, wanted_of

PIECE = "00112233-000001.m4s"


def test_an_address_names_camera_stream_and_file():
    assert piece_of(f"/video/7/{PIECE}") == Wanted(7, Quality.MAIN, PIECE)
    assert piece_of(f"/video/7/sub/{PIECE}") == Wanted(7, Quality.SUB, PIECE)
    assert piece_of("/video/7/00112233-init.mp4") == Wanted(7, Quality.MAIN, "00112233-init.mp4")
    assert wanted_of("/video/7/live.m3u8") == Wanted(7, Quality.MAIN, "live.m3u8")
    assert piece_of("/video/7/live.m3u8") is None


@pytest.mark.parametrize(
    "address",
    [
        "", "/", "/video/", "/video/7", "/video/7/", f"//video/7/{PIECE}", f"/video//7/{PIECE}",
        f"/video/7/../8/{PIECE}", f"/video/%37/{PIECE}", f"/video/7/{PIECE}?x",
        f"/video/7/{PIECE}/",
        f"/video/7/{PIECE}\n", f"/video/7/SUB/{PIECE}", f"/video/7/sub/sub/{PIECE}",
        f"/video/-7/{PIECE}", f"/video/7/{PIECE.upper()}", f"/video/7 /{PIECE}",
        f"/video/\u0667/{PIECE}", "/video/7/state.json", "/video/7/00112233.m3u8",
    ],
)  # fmt: skip
def test_nothing_else_leads_to_a_piece(address):
    assert piece_of(address) is None
