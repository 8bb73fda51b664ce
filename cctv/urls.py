from django.urls import path

from cctv import api

urlpatterns = [
    path("m/<str:code>/cctv/sites.json", api.sites, name="cctv-sites"),
    path("m/<str:code>/cctv/sites/<int:site_id>/", api.site, name="cctv-site"),
    path("m/<str:code>/cctv/search/", api.search, name="cctv-search"),
]
