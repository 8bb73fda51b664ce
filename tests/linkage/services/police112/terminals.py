"""A terminal as its room and its browser see it: registered, enrolled, asking."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from cctv.stills import Picture
from linkage import stills
from linkage.models import OutboxMessage, StillRelease
from tests.linkage.services.police112.conftest import RECEIPT


def register(api, link, number="T-01", call_sign="중앙12") -> Any:
    said = {"number": number, "call_sign": call_sign}
    return api.post(f"/api/v1/links/{link.code}/terminals", said, format="json")


def enrolled(api, link, number="T-01") -> Client:
    """Give the browser of a terminal that has used its code."""
    browser = Client()
    code = register(api, link, number).data["enrolment_code"]
    assert browser.post("/patrol/enrol/", {"code": code}).status_code == 302
    return browser


def share(api, link, number="T-01", *, unit="중앙12", receipt_no=RECEIPT) -> Any:
    said = {"terminal": number, "unit": unit}
    return api.post(f"/api/v1/links/{link.code}/cases/{receipt_no}/shares", said, format="json")


def reason(answer) -> str:
    """Give why nothing is shown; nothing of a case may be beside it."""
    assert answer.status_code == 403, answer.content
    body = answer.json()
    assert set(body) <= {"type", "title", "status", "code", "detail", "errors"}
    assert body["code"] == "share_over"
    return body["errors"]["reason"][0]


def sent_still(link, case, camera, by, *, receipt_no=RECEIPT, jpeg=b"jpeg") -> StillRelease:
    """Let the room fetch a still of the case."""
    picture = Picture(jpeg, 640, 360, timezone.now())
    still = stills.keep(picture=picture, incident=case, camera=camera, by=by)
    message = OutboxMessage.objects.create(
        municipality=case.municipality,
        link=link,
        incident=case,
        event=case.events.first(),
        message_type="STILL",
        case_number=receipt_no,
        payload={"number": OutboxMessage.objects.count()},
    )
    return stills.release(
        still=still,
        link=link,
        case_number=receipt_no,
        message=message,
        until=timezone.now() + timedelta(hours=1),
        text="2명",
    )
