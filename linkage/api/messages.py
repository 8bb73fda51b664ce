"""Take messages in: POST /api/v1/links/{link}/messages."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from linkage import buckets, clocks, idempotency, inbox, refusals
from linkage.api.base import AgencyView, respond
from linkage.api.schema import (
    IDEMPOTENCY_KEY,
    LINK,
    MESSAGE_BODY,
    MESSAGE_EXAMPLES,
    MessageAnswerSerializer,
    problems,
)
from linkage.errors import MessageConflict, TimeOutOfRange


class MessagesView(AgencyView):
    # The intake refuses it itself, so that it is counted.
    while_suspended = True

    @extend_schema(
        operation_id="postMessage",
        tags=["messages"],
        summary="메시지 보내기 · Send a message",
        description=(
            "신고, 변경, 취소, 출동 상태를 보냅니다. 201은 저장이 끝난 뒤에만 나갑니다.\n\n"
            "Send a report, a change, a cancellation or a unit's status. 201 is answered only "
            "after everything is stored; 202 means that the message waits for its report."
        ),
        parameters=[LINK, IDEMPOTENCY_KEY],
        request={"application/json": MESSAGE_BODY},
        responses={
            201: MessageAnswerSerializer,
            202: MessageAnswerSerializer,
            **problems(400, 409, 413, 415, 422),
        },
        examples=MESSAGE_EXAMPLES,
    )
    def post(self, request: Request, link: str) -> Response:
        found = self.link(link)
        self.hold_back(buckets.link_key(found.pk), found.rate_per_s, found.burst)
        with refusals.noted(link=found) as named:
            raw = self.body()
            named.message_id = inbox.message_id_of(raw)
            try:
                answer = idempotency.once(
                    application_id=self.client.pk,
                    key=request.headers.get("Idempotency-Key"),
                    request=request.path.encode() + b"\n" + raw,
                    work=lambda: inbox.accept(link=found, raw=raw),
                )
            except MessageConflict:
                inbox.report_conflict(link=found, message_id=named.message_id)
                raise
            except TimeOutOfRange:
                clocks.report_refused(link=found, raw=raw)
                raise
        if not answer.replayed:
            refusals.taken(link=found)
        return respond(answer)
