"""The console's addresses of linkage, under /m/<code>/linkage/."""

from django.urls import path

from linkage import views

app_name = "linkage"
urlpatterns = [
    path("links/", views.links, name="links"),
    path("incidents/<uuid:incident_id>/exchanges/", views.exchanges, name="exchanges"),
]
