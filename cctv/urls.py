from django.urls import path

from cctv import api, ptz_api, video_api

PTZ = "m/<str:code>/cctv/cameras/<int:camera_id>/ptz/"

urlpatterns = [
    path("m/<str:code>/cctv/sites.json", api.sites, name="cctv-sites"),
    path("m/<str:code>/cctv/sites/<int:site_id>/", api.site, name="cctv-site"),
    path("m/<str:code>/cctv/search/", api.search, name="cctv-search"),
    path(
        "m/<str:code>/cctv/cameras/<int:camera_id>/ticket/",
        video_api.TicketView.as_view(),
        name="video-ticket",
    ),
    path(PTZ, ptz_api.PtzView.as_view(), name="ptz"),
    path(f"{PTZ}lock/", ptz_api.TakeView.as_view(), name="ptz-lock"),
    path(f"{PTZ}move/", ptz_api.MoveView.as_view(), name="ptz-move"),
    path(f"{PTZ}stop/", ptz_api.StopView.as_view(), name="ptz-stop"),
    path(f"{PTZ}preset/", ptz_api.PresetView.as_view(), name="ptz-preset"),
    path(f"{PTZ}home/", ptz_api.HomeView.as_view(), name="ptz-home"),
    path(f"{PTZ}cue/", ptz_api.CueView.as_view(), name="ptz-cue"),
    path(f"{PTZ}release/", ptz_api.ReleaseView.as_view(), name="ptz-release"),
    path(
        "video/<int:camera_id>/live.m3u8",
        video_api.PlaylistView.as_view(),
        name="video-playlist",
    ),
    path("video/<int:camera_id>/state", video_api.StateView.as_view(), name="video-state"),
    path(
        "video/<int:camera_id>/<str:segment>",
        video_api.SegmentView.as_view(),
        name="video-segment",
    ),
]
