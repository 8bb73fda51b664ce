from django.urls import path, register_converter
from django.urls.converters import StringConverter

from cctv import api, ptz_api, upkeep_pages, video_api
from cctv.choices import Quality
from cctv.gateway import api as gateway_api
from cctv.gateway import whep_api
from cctv.recordings import api as recorded_api

PTZ = "m/<str:code>/cctv/cameras/<int:camera_id>/ptz/"
SUB = {"quality": Quality.SUB}


class QualityConverter(StringConverter):
    regex = "|".join(Quality.values)


register_converter(QualityConverter, "quality")

urlpatterns = [
    path("m/<str:code>/cctv/sites.json", api.sites, name="cctv-sites"),
    path("m/<str:code>/cctv/sites/<int:site_id>/", api.site, name="cctv-site"),
    path("m/<str:code>/cctv/tours/", api.tours, name="cctv-tours"),
    path("m/<str:code>/cctv/condition/", upkeep_pages.condition, name="camera-condition"),
    path("m/<str:code>/cctv/tickets/", upkeep_pages.tickets, name="camera-tickets"),
    path("m/<str:code>/cctv/tickets/open/", upkeep_pages.open_ticket, name="camera-ticket-open"),
    path(
        "m/<str:code>/cctv/tickets/<int:ticket_id>/<slug:verb>/",
        upkeep_pages.ticket_step,
        name="camera-ticket-step",
    ),
    path(
        "m/<str:code>/cctv/availability/",
        upkeep_pages.availability_page,
        name="camera-availability",
    ),
    path("m/<str:code>/cctv/search/", api.search, name="cctv-search"),
    path(
        "m/<str:code>/cctv/cameras/<int:camera_id>/ticket/",
        video_api.TicketView.as_view(),
        name="video-ticket",
    ),
    path(PTZ, ptz_api.PtzView.as_view(), name="ptz"),
    path(f"{PTZ}lock/", ptz_api.TakeView.as_view(), name="ptz-lock"),
    path(f"{PTZ}keep/", ptz_api.KeepView.as_view(), name="ptz-keep"),
    path(f"{PTZ}move/", ptz_api.MoveView.as_view(), name="ptz-move"),
    path(f"{PTZ}stop/", ptz_api.StopView.as_view(), name="ptz-stop"),
    path(f"{PTZ}preset/", ptz_api.PresetView.as_view(), name="ptz-preset"),
    path(f"{PTZ}home/", ptz_api.HomeView.as_view(), name="ptz-home"),
    path(f"{PTZ}cue/", ptz_api.CueView.as_view(), name="ptz-cue"),
    path(f"{PTZ}release/", ptz_api.ReleaseView.as_view(), name="ptz-release"),
    path(
        "m/<str:code>/cctv/cameras/<int:camera_id>/prefetch/",
        video_api.PrefetchView.as_view(),
        name="video-prefetch",
    ),
    path("video/check", video_api.CheckView.as_view(), name="video-check"),
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
    path("video/<int:camera_id>/poster.jpg", video_api.PosterView.as_view(), name="video-poster"),
    path("video/<int:camera_id>/state", video_api.StateView.as_view(), name="video-state"),
    path("video/<int:camera_id>/report", video_api.ReportView.as_view(), name="video-report"),
    path(
        "video/<int:camera_id>/<str:segment>",
        video_api.SegmentView.as_view(),
        name="video-segment",
    ),
    path(
        "video/<int:camera_id>/sub/live.m3u8",
        video_api.PlaylistView.as_view(),
        SUB,
        name="video-sub-playlist",
    ),
    path(
        "video/<int:camera_id>/sub/state",
        video_api.StateView.as_view(),
        SUB,
        name="video-sub-state",
    ),
    path(
        "video/<int:camera_id>/sub/<str:segment>",
        video_api.SegmentView.as_view(),
        SUB,
        name="video-sub-segment",
    ),
    path(
        "video/<int:camera_id>/media/<quality:quality>/entry",
        gateway_api.EntryView.as_view(),
        name="video-media-entry",
    ),
    path(
        "video/<int:camera_id>/media/<quality:quality>/state",
        gateway_api.MediaStateView.as_view(),
        name="video-media-state",
    ),
    path(
        "video/<int:camera_id>/whep/<quality:quality>",
        whep_api.WhepView.as_view(),
        name="video-whep",
    ),
    path(
        "video/<int:camera_id>/whep/<quality:quality>/<int:row_id>",
        whep_api.WhepSessionView.as_view(),
        name="video-whep-session",
    ),
    path("media-server/auth", gateway_api.AuthView.as_view(), name="media-server-auth"),
]
