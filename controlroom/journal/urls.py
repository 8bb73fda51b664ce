from django.urls import path

from controlroom.journal import views

urlpatterns = [
    path("m/<str:code>/live/events", views.EventsView.as_view(), name="live-events"),
]
