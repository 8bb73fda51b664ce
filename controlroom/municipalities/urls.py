from django.urls import path

from controlroom.municipalities import views

urlpatterns = [
    path("m/<str:code>/boundary.geojson", views.boundary, name="boundary"),
    path("m/<str:code>/basemap.geojson", views.base_map, name="base-map"),
]
