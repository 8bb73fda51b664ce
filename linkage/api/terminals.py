"""Police work terminals and the cases shared with them, for the 112 room itself.

A code for enrolling is shown once and kept as a hash: these requests take no Idempotency-Key, whose
answers are kept. Each is safe to send again: a terminal gets a newer code, a share stays as it is.
"""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import OutOfScope
from incidents.features import moment
from linkage import agreements, buckets, documents, inbox
from linkage.api.base import AgencyView
from linkage.api.schema import LINK, RECEIPT, problems
from linkage.choices import DataKind
from linkage.models import Link, Terminal, TerminalShare
from linkage.services.police112 import shares, terminals
from linkage.wire import record, text, token

NUMBER = token(40, "단말기 번호: the agency's own number of the terminal")
REGISTRATION = record("number", "call_sign", number=NUMBER, call_sign=text(30, "호출부호"))
SHARING = record("terminal", "unit", terminal=NUMBER, unit=text(30, "Call sign of the unit"))
for _schema in (REGISTRATION["properties"]["call_sign"], SHARING["properties"]["unit"]):
    _schema["minLength"] = 1
documents.register("police112/terminal", REGISTRATION)
documents.register("police112/share", SHARING)
# What a terminal can show; what the link's basis does not allow of it is told with the share.
SHOWN = (DataKind.PLACE, DataKind.SUMMARY, DataKind.LIVE_VIDEO, DataKind.STILL)
NUMBER_IN_PATH = OpenApiParameter(
    "number", {"type": "string", "pattern": NUMBER["pattern"]}, OpenApiParameter.PATH
)
SHARE_IN_PATH = OpenApiParameter(
    "share", {"type": "string", "format": "uuid"}, OpenApiParameter.PATH
)


class TerminalSerializer(serializers.Serializer[Any]):
    number = serializers.CharField()
    call_sign = serializers.CharField()
    registered_at = serializers.DateTimeField()
    enrolled_at = serializers.DateTimeField(allow_null=True)
    last_seen_at = serializers.DateTimeField(allow_null=True)


class TerminalsSerializer(serializers.Serializer[Any]):
    terminals = TerminalSerializer(many=True)


class RegisteredSerializer(serializers.Serializer[Any]):
    number = serializers.CharField()
    call_sign = serializers.CharField()
    enrolment_code = serializers.CharField(help_text="Shown once; opens /patrol/ on one browser")
    code_expires_at = serializers.DateTimeField()


class ShareSerializer(serializers.Serializer[Any]):
    share = serializers.UUIDField()
    receipt_no = serializers.CharField()
    terminal = serializers.CharField()
    unit = serializers.CharField()
    given_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    opened_at = serializers.DateTimeField(allow_null=True)
    withheld = serializers.ListField(
        child=serializers.ChoiceField(choices=[str(kind) for kind in SHOWN]),
        help_text="What the legal basis of the link does not let the terminal show",
    )


class SharesSerializer(serializers.Serializer[Any]):
    shares = ShareSerializer(many=True)


class TerminalsView(AgencyView):
    @extend_schema(
        operation_id="listTerminals",
        tags=["terminals"],
        summary="단말기 목록 · The link's terminals",
        parameters=[LINK],
        responses={200: TerminalsSerializer, **problems()},
    )
    def get(self, request: Request, link: str) -> Response:
        self.hold_back_reads()
        rows = terminals.of_link(self.link(link))
        return Response({"terminals": [_terminal(row) for row in rows]})

    @extend_schema(
        operation_id="registerTerminal",
        tags=["terminals"],
        summary="단말기 등록 · Register a terminal, or give it a new code",
        description=(
            "The code is shown once, lasts 24 hours and opens `/patrol/` on one browser. Sent "
            "again for the same number it is a new code, and the one before ends; the enrolled "
            "browser stays enrolled until the new code is used."
        ),
        parameters=[LINK],
        request={"application/json": REGISTRATION},
        responses={201: RegisteredSerializer, **problems(400, 413, 415)},
    )
    def post(self, request: Request, link: str) -> Response:
        found = self.link(link)
        self.hold_back(buckets.link_key(found.pk), found.rate_per_s, found.burst)
        inbox.check_open(found)
        said = documents.parse(self.body())
        documents.check(said, "police112/terminal")
        made = terminals.register(link=found, **said)
        return Response(
            {
                "number": made.terminal.number,
                "call_sign": made.terminal.call_sign,
                "enrolment_code": made.code,
                "code_expires_at": moment(made.terminal.code_expires_at),
            },
            status=201,
            headers={"Cache-Control": "no-store"},
        )


class TerminalView(AgencyView):
    @extend_schema(
        operation_id="retireTerminal",
        tags=["terminals"],
        summary="단말기 폐기 · Retire a terminal",
        description="Its key, its code and what is shared with it end at once.",
        parameters=[LINK, NUMBER_IN_PATH],
        responses={204: None, **problems()},
    )
    def delete(self, request: Request, link: str, number: str) -> Response:
        self.hold_back_reads()
        found = self.link(link)
        terminal: Terminal | None = terminals.of_link(found).filter(number=number).first()
        if terminal is None:
            raise OutOfScope(_("no such terminal"))
        terminals.retire(terminal=terminal, agent=found.code)
        return Response(status=204)


class SharesView(AgencyView):
    @extend_schema(
        operation_id="listShares",
        tags=["terminals"],
        summary="공유 중인 단말기 · Where the case is open now",
        parameters=[LINK, RECEIPT],
        responses={200: SharesSerializer, **problems()},
    )
    def get(self, request: Request, link: str, receipt_no: str) -> Response:
        self.hold_back_reads()
        found = self.link(link)
        rows = shares.open_of_case(link=found, receipt_no=receipt_no)
        return Response({"shares": [_share(row, found) for row in rows]})

    @extend_schema(
        operation_id="shareCase",
        tags=["terminals"],
        summary="단말기에 사건 공유 · Share an open case with a terminal",
        description=(
            "Bound to the case, the terminal and the unit, until the time limit of the link. What "
            "the terminal showed before ends. The same again is 200 with the share as it stands. "
            "`share_refused` names the rule in `errors`."
        ),
        parameters=[LINK, RECEIPT],
        request={"application/json": SHARING},
        responses={200: ShareSerializer, 201: ShareSerializer, **problems(400, 409, 413, 415)},
    )
    def post(self, request: Request, link: str, receipt_no: str) -> Response:
        found = self.link(link)
        self.hold_back(buckets.link_key(found.pk), found.rate_per_s, found.burst)
        said = documents.parse(self.body())
        documents.check(said, "police112/share")
        share, is_new = shares.give(
            link=found, receipt_no=receipt_no, number=said["terminal"], unit=said["unit"]
        )
        return Response(_share(share, found), status=201 if is_new else 200)


class ShareView(AgencyView):
    @extend_schema(
        operation_id="endShare",
        tags=["terminals"],
        summary="공유 종료 · Take a share back",
        parameters=[LINK, RECEIPT, SHARE_IN_PATH],
        responses={204: None, **problems()},
    )
    def delete(self, request: Request, link: str, receipt_no: str, share: str) -> Response:
        self.hold_back_reads()
        try:
            reference = UUID(share)
        except ValueError:
            raise OutOfScope(_("no such share")) from None
        shares.take_back(link=self.link(link), receipt_no=receipt_no, reference=reference)
        return Response(status=204)


def _terminal(row: Terminal) -> dict[str, Any]:
    return {
        "number": row.number,
        "call_sign": row.call_sign,
        "registered_at": moment(row.registered_at),
        "enrolled_at": moment(row.enrolled_at),
        "last_seen_at": moment(row.last_seen_at),
    }


def _share(row: TerminalShare, link: Link) -> dict[str, Any]:
    return {
        "share": str(row.reference),
        "receipt_no": row.case_number,
        "terminal": row.terminal.number,
        "unit": row.unit,
        "given_at": moment(row.given_at),
        "expires_at": moment(row.expires_at),
        "opened_at": moment(row.opened_at),
        "withheld": [str(kind) for kind in SHOWN if not agreements.may_tell(link, kind)],
    }
