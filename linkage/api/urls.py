"""The agency API's addresses, under /api/v1/."""

from django.urls import path, re_path

from linkage.api.asyncapi import AsyncApiView
from linkage.api.base import NothingView
from linkage.api.cap import CapView
from linkage.api.deliveries import (
    ClientSecretView,
    DeliveriesView,
    DeliveryView,
    ReplayView,
    WebhookSecretView,
)
from linkage.api.docs import DocsView, SchemaView
from linkage.api.exports import (
    ExportCancelView,
    ExportCopiesView,
    ExportLetterView,
    ExportsView,
    ExportView,
)
from linkage.api.incidents import IncidentsView, IncidentView
from linkage.api.messages import MessagesView
from linkage.api.outbound import AcknowledgeView, CommitView, OutboundView
from linkage.api.ptz import ACT_VIEWS, PtzStateView
from linkage.api.readings import ReadingsView
from linkage.api.refusals import RefusalsView
from linkage.api.stills import StillView
from linkage.api.terminals import SharesView, ShareView, TerminalsView, TerminalView
from linkage.api.token import TokenView
from linkage.api.trials import HeartbeatView, TestMessageView
from linkage.api.video import (
    GrantPieceView,
    GrantPlaylistView,
    GrantPosterView,
    GrantReportView,
    GrantTicketView,
)

app_name = "agency-api"
PTZ = "links/<str:link>/grants/<str:grant>/ptz"
urlpatterns = [
    path("token/", TokenView.as_view(), name="token"),
    path("links/<str:link>/cap", CapView.as_view(), name="cap"),
    path("links/<str:link>/messages", MessagesView.as_view(), name="messages"),
    path("links/<str:link>/readings", ReadingsView.as_view(), name="readings"),
    path("links/<str:link>/outbound", OutboundView.as_view(), name="outbound"),
    path("links/<str:link>/outbound/<str:id>/ack", AcknowledgeView.as_view(), name="ack"),
    path("links/<str:link>/outbound/commit", CommitView.as_view(), name="commit"),
    path("links/<str:link>/deliveries", DeliveriesView.as_view(), name="deliveries"),
    path("links/<str:link>/deliveries/<str:id>", DeliveryView.as_view(), name="delivery"),
    path("links/<str:link>/deliveries/<str:id>/replay", ReplayView.as_view(), name="replay"),
    path("links/<str:link>/refusals", RefusalsView.as_view(), name="refusals"),
    path("links/<str:link>/heartbeat", HeartbeatView.as_view(), name="heartbeat"),
    path("links/<str:link>/test-message", TestMessageView.as_view(), name="test-message"),
    path("links/<str:link>/webhook-secret", WebhookSecretView.as_view(), name="webhook-secret"),
    path("links/<str:link>/client-secret", ClientSecretView.as_view(), name="client-secret"),
    path(
        "links/<str:link>/grants/<str:grant>/live.m3u8",
        GrantPlaylistView.as_view(),
        name="grant-playlist",
    ),
    path(
        "links/<str:link>/grants/<str:grant>/poster.jpg",
        GrantPosterView.as_view(),
        name="grant-poster",
    ),
    path(
        "links/<str:link>/grants/<str:grant>/ticket",
        GrantTicketView.as_view(),
        name="grant-ticket",
    ),
    path(
        "links/<str:link>/grants/<str:grant>/report",
        GrantReportView.as_view(),
        name="grant-report",
    ),
    path(PTZ, PtzStateView.as_view(), name="ptz"),
    *(path(f"{PTZ}/{view.act}", view.as_view(), name=f"ptz-{view.act}") for view in ACT_VIEWS),
    path(
        "links/<str:link>/grants/<str:grant>/<str:piece>",
        GrantPieceView.as_view(),
        name="grant-piece",
    ),
    path("links/<str:link>/terminals", TerminalsView.as_view(), name="terminals"),
    path("links/<str:link>/terminals/<str:number>", TerminalView.as_view(), name="terminal"),
    path("links/<str:link>/cases/<str:receipt_no>/shares", SharesView.as_view(), name="shares"),
    path(
        "links/<str:link>/cases/<str:receipt_no>/shares/<str:share>",
        ShareView.as_view(),
        name="share",
    ),
    path("links/<str:link>/stills/<str:still>", StillView.as_view(), name="still"),
    path("links/<str:link>/exports", ExportsView.as_view(), name="exports"),
    path("links/<str:link>/exports/<str:export>", ExportView.as_view(), name="export"),
    path(
        "links/<str:link>/exports/<str:export>/letter",
        ExportLetterView.as_view(),
        name="export-letter",
    ),
    path(
        "links/<str:link>/exports/<str:export>/cancel",
        ExportCancelView.as_view(),
        name="export-cancel",
    ),
    path(
        "links/<str:link>/exports/<str:export>/copies-destroyed",
        ExportCopiesView.as_view(),
        name="export-copies",
    ),
    path("incidents", IncidentsView.as_view(), name="incidents"),
    path("incidents/<str:receipt_no>", IncidentView.as_view(), name="incident"),
    path("asyncapi.json", AsyncApiView.as_view(), name="asyncapi"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
    # Whatever else is asked here gets this API's kind of answer, not a page.
    re_path(r"", NothingView.as_view()),
]
