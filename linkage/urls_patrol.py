"""The addresses of police work terminals, under /patrol/."""

from django.urls import path

from linkage import views_patrol

app_name = "patrol"
urlpatterns = [
    path("", views_patrol.page, name="page"),
    path("enrol/", views_patrol.enrol, name="enrol"),
    path("now/", views_patrol.NowView.as_view(), name="now"),
    path("stills/<uuid:still>", views_patrol.StillView.as_view(), name="still"),
    path("cameras/<uuid:grant>/live.m3u8", views_patrol.PlaylistView.as_view(), name="playlist"),
    path("cameras/<uuid:grant>/poster.jpg", views_patrol.PosterView.as_view(), name="poster"),
    path("cameras/<uuid:grant>/ticket", views_patrol.TicketView.as_view(), name="ticket"),
    path("cameras/<uuid:grant>/report", views_patrol.ReportView.as_view(), name="report"),
    path("cameras/<uuid:grant>/state", views_patrol.StateView.as_view(), name="state"),
    path("cameras/<uuid:grant>/<str:piece>", views_patrol.PieceView.as_view(), name="piece"),
]
