from django.urls import path

from cctv import api, upkeep_pages, video_api

urlpatterns = [
    path("m/<str:code>/cctv/sites.json", api.sites, name="cctv-sites"),
    path("m/<str:code>/cctv/sites/<int:site_id>/", api.site, name="cctv-site"),
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
