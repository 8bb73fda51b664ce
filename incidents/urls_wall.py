"""The addresses of wall screens, under /wall/."""

from django.urls import path

from incidents import views_wall

app_name = "wall"
urlpatterns = [
    path("", views_wall.page, name="page"),
    path("enrol/", views_wall.enrol, name="enrol"),
    path("now/", views_wall.NowView.as_view(), name="now"),
    path("boundary/", views_wall.BoundaryView.as_view(), name="boundary"),
    path("base-map/", views_wall.BaseMapView.as_view(), name="base-map"),
]
