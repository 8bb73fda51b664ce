"""Self-service for an agency's engineers: the delivery log, replay, new secrets."""

import re
from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import check_password
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from controlroom.errors import Invalid, NotAllowed
from linkage import documents, links, replays, self_service, traffic
from linkage.api.base import AgencyView
from linkage.api.paging import LIMIT, limit_of, sequence, sequence_of
from linkage.api.schema import LINK, problems
from linkage.choices import MessageType, OutboxState, Outcome
from linkage.models import Link, OutboxMessage

CASE = re.compile(r"[0-9A-Za-z_-]{0,60}")
REASON = re.compile(r"[^\x00-\x1f]{2,300}")
DELIVERY = OpenApiParameter("id", {"type": "string", "format": "uuid"}, OpenApiParameter.PATH)


class DeliverySerializer(serializers.Serializer[Any]):
    sequence = serializers.IntegerField()
    id = serializers.UUIDField()
    type = serializers.ChoiceField(choices=MessageType.values)
    state = serializers.ChoiceField(choices=OutboxState.values)
    case = serializers.CharField()
    at = serializers.DateTimeField()
    attempts = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)


class AttemptSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    outcome = serializers.ChoiceField(choices=Outcome.values)
    http_status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)


class DeliveryDetailSerializer(DeliverySerializer):
    tries = AttemptSerializer(many=True)


class DeliveryPageSerializer(serializers.Serializer[Any]):
    deliveries = DeliverySerializer(many=True)
    next_before = serializers.IntegerField(allow_null=True)


class ReplaySerializer(serializers.Serializer[Any]):
    reason = serializers.RegexField(
        rf"^{REASON.pattern}$", min_length=2, max_length=300, help_text="Put on record"
    )


class ReplayedSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=OutboxState.values)


class WebhookSecretSerializer(serializers.Serializer[Any]):
    webhook_secret = serializers.CharField()
    previous_until = serializers.DateTimeField(allow_null=True)


class CurrentSecretSerializer(serializers.Serializer[Any]):
    client_secret = serializers.CharField(max_length=300, allow_blank=True)


class ClientSecretSerializer(serializers.Serializer[Any]):
    client_id = serializers.CharField()
    client_secret = serializers.CharField()


class DeliveriesView(AgencyView):
    @extend_schema(
        operation_id="listDeliveries",
        tags=["self-service"],
        summary="전달 기록 · The delivery log",
        description="Newest first; what comes meanwhile shifts no page.",
        parameters=[
            LINK,
            LIMIT,
            sequence("before", minimum=1, description="`next_before` of the page before"),
            OpenApiParameter("state", str, OpenApiParameter.QUERY, enum=OutboxState.values),
            OpenApiParameter("type", str, OpenApiParameter.QUERY, enum=MessageType.values),
            OpenApiParameter(
                "case",
                {"type": "string", "maxLength": 60, "pattern": "^[0-9A-Za-z_-]{0,60}$"},
                OpenApiParameter.QUERY,
                description="Your own number of the case",
            ),
        ],
        responses={200: DeliveryPageSerializer, **problems(400)},
    )
    def get(self, request: Request, link: str) -> Response:
        self.hold_back_reads()
        asked = {"direction": "out", "limit": limit_of(request), **_filters(request)}
        rows, following = traffic.page_of(self.link(link), asked)
        return Response({"deliveries": [_public(row) for row in rows], "next_before": following})


class DeliveryView(AgencyView):
    @extend_schema(
        operation_id="getDelivery",
        tags=["self-service"],
        summary="한 메시지의 시도 · One message with every attempt",
        parameters=[LINK, DELIVERY],
        responses={200: DeliveryDetailSerializer, **problems()},
    )
    def get(self, request: Request, link: str, id: str) -> Response:
        self.hold_back_reads()
        message = _owed(self.link(link), id)
        tries = [traffic.attempt_of(one) for one in message.deliveries.all()]
        for one in tries:
            del one["outcome_name"]
        return Response({**_public(traffic.detail_of(message)), "tries": tries})


class ReplayView(AgencyView):
    @extend_schema(
        operation_id="replayDelivery",
        tags=["self-service"],
        summary="다시 받기 · Have a message that was given up again",
        parameters=[LINK, DELIVERY],
        request=ReplaySerializer,
        responses={200: ReplayedSerializer, **problems(400, 409, 413, 415)},
    )
    def post(self, request: Request, link: str, id: str) -> Response:
        self.hold_back_reads()
        message = _owed(self.link(link), id)
        message = replays.replay(message=message, by=None, reason=reason_in(self.body()))
        return Response({"id": str(message.uid), "state": str(message.state)})


class WebhookSecretView(AgencyView):
    @extend_schema(
        operation_id="rotateWebhookSecret",
        tags=["self-service"],
        summary="서명 비밀 바꾸기 · Rotate the signing secret",
        description=(
            "Shown once. Both secrets sign until `previous_until`; within that time no further "
            "rotation is possible, so that the secret that you still use is never lost."
        ),
        parameters=[LINK],
        request=None,
        responses={200: WebhookSecretSerializer, **problems(409)},
    )
    def post(self, request: Request, link: str) -> Response:
        self.hold_back_reads()
        found = self.link(link)
        made = self_service.rotate_secret(link=found, agent=found.code)
        return Response(
            {
                "webhook_secret": made.webhook_secret,
                "previous_until": made.link.previous_secret_until,
            }
        )


class ClientSecretView(AgencyView):
    @extend_schema(
        operation_id="rotateClientSecret",
        tags=["self-service"],
        summary="클라이언트 비밀 바꾸기 · Change the client secret",
        description=(
            "Shown once. The present secret must be named, so that a stolen token locks nobody "
            "out. The present secret and every token end at once."
        ),
        parameters=[LINK],
        request=CurrentSecretSerializer,
        responses={200: ClientSecretSerializer, **problems(400, 413, 415)},
    )
    def post(self, request: Request, link: str) -> Response:
        found = self.link(link)
        self.hold_back(f"client-secret:{self.client.pk}", 5, 100)
        present = documents.parse(self.body()).get("client_secret")
        if not isinstance(present, str) or len(present) > 300:
            raise Invalid(
                _("the message does not follow its schema"),
                fields={"client_secret": [_("must be the present client secret")]},
            )
        kept = self.client.application.client_secret
        if not check_password(present, kept):
            raise NotAllowed(_("this is not the present client secret"))
        made = links.issue_client(link=found, agent=found.code)
        return Response({"client_id": made.client_id, "client_secret": made.client_secret})


def reason_in(body: bytes) -> str:
    """Raises: Invalid."""
    reason = documents.parse(body).get("reason")
    if not isinstance(reason, str) or not REASON.fullmatch(reason.strip()):
        raise Invalid(
            _("the message does not follow its schema"),
            fields={"reason": [_("say why, in 2 to 300 characters")]},
        )
    return reason.strip()


def _public(row: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is the centre's own: incident, names, steps."""
    kept = ("sequence", "id", "type", "state", "case", "at", "attempts", "error")
    return {name: row[name] for name in kept}


def _owed(link: Link, name: str) -> OutboxMessage:
    """Raises: OutOfScope."""
    try:
        return traffic.owed_by(link, UUID(name))
    except ValueError:
        return traffic.owed_by(link, UUID(int=0))


def _filters(request: Request) -> dict[str, Any]:
    """Raises: Invalid."""
    asked = {name: request.query_params.get(name, "") for name in ("state", "type", "case")}
    allowed = {"state": OutboxState.values, "type": MessageType.values}
    wrong = {
        name: [_("is not one of those known")]
        for name, values in allowed.items()
        if asked[name] and asked[name] not in values
    }
    if not CASE.fullmatch(asked["case"]):
        wrong["case"] = [_("is not a case number")]
    if wrong:
        raise Invalid(_("the filter is not understood"), fields=wrong)
    return {**asked, "before": sequence_of(request, "before", minimum=1)}
