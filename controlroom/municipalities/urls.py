from django.urls import path

from controlroom.municipalities import views

urlpatterns = [path("m/<str:code>/boundary.geojson", views.boundary, name="boundary")]
