"""The addresses of wall screens, under /wall/."""

from django.urls import path

from incidents import views_wall

app_name = "wall"
urlpatterns = [
    path("", views_wall.page, name="page"),
    path("enrol/", views_wall.enrol, name="enrol"),
    path("now/", views_wall.NowView.as_view(), name="now"),
    path("cameras/<int:camera_id>/ticket/", views_wall.TicketView.as_view(), name="ticket"),
    path("cameras/<int:camera_id>/poster.jpg", views_wall.PosterView.as_view(), name="poster"),
    path("cameras/<int:camera_id>/live.m3u8", views_wall.PlaylistView.as_view(), name="playlist"),
    path("cameras/<int:camera_id>/state", views_wall.StateView.as_view(), name="state"),
    path("cameras/<int:camera_id>/report", views_wall.ReportView.as_view(), name="report"),
    path("cameras/<int:camera_id>/<str:piece>", views_wall.PieceView.as_view(), name="piece"),
    path("boundary/", views_wall.BoundaryView.as_view(), name="boundary"),
    path("base-map/", views_wall.BaseMapView.as_view(), name="base-map"),
]
