from django.urls import path

from cctv import api, video_api
from cctv.recordings import api as recorded_api

urlpatterns = [
    path("m/<str:code>/cctv/sites.json", api.sites, name="cctv-sites"),
    path("m/<str:code>/cctv/sites/<int:site_id>/", api.site, name="cctv-site"),
    path("m/<str:code>/cctv/search/", api.search, name="cctv-search"),
    path(
        "m/<str:code>/cctv/cameras/<int:camera_id>/ticket/",
        video_api.TicketView.as_view(),
        name="video-ticket",
    ),
    path(
        "m/<str:code>/cctv/cameras/<int:camera_id>/recorded/",
        recorded_api.RecordedTicketView.as_view(),
        name="recorded-ticket",
    ),
    path(
        "video/<int:camera_id>/recorded/play.m3u8",
        recorded_api.RecordedPlaylistView.as_view(),
        name="recorded-playlist",
    ),
    path(
        "video/<int:camera_id>/recorded/state",
        recorded_api.RecordedStateView.as_view(),
        name="recorded-state",
    ),
    path(
        "video/<int:camera_id>/recorded/<str:piece>",
        recorded_api.RecordedPieceView.as_view(),
        name="recorded-piece",
    ),
    path(
        "video/<int:camera_id>/live.m3u8",
        video_api.PlaylistView.as_view(),
        name="video-playlist",
    ),
    path("video/<int:camera_id>/state", video_api.StateView.as_view(), name="video-state"),
    path("video/<int:camera_id>/report", video_api.ReportView.as_view(), name="video-report"),
    path(
        "video/<int:camera_id>/<str:segment>",
        video_api.SegmentView.as_view(),
        name="video-segment",
    ),
]
