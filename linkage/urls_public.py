"""What anybody may read without an account: the city's own public alerts, under /cap/<code>/."""

from django.urls import path

from linkage import views_public

app_name = "cap"
urlpatterns = [
    path("index.atom", views_public.index, name="index"),
    path("<str:identifier>.xml", views_public.alert, name="alert"),
]
