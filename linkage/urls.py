"""The console's addresses of linkage, under /m/<code>/linkage/."""

from django.urls import path

from linkage import views, views_alarms

app_name = "linkage"
urlpatterns = [
    path("links/", views.links, name="links"),
    path("incidents/<uuid:incident_id>/exchanges/", views.exchanges, name="exchanges"),
    path("alarms/", views_alarms.listing, name="alarms"),
    path(
        "alarms/<int:alarm_id>/acknowledge/",
        views_alarms.acknowledge,
        name="alarm-acknowledge",
    ),
]
