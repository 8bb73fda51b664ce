from django.urls import path

from incidents import views
from incidents.console import console
from incidents.views_clusters import AcknowledgeClusterView, ClusterAlarmsView
from incidents.views_correlation import SameCountsView, SameView
from incidents.views_joins import JoinsView

urlpatterns = [
    path("m/<str:code>/", console, name="console"),
    path("m/<str:code>/live/snapshot", views.SnapshotView.as_view(), name="snapshot"),
    path("m/<str:code>/incidents/", views.IncidentsView.as_view(), name="incidents"),
    path("m/<str:code>/incidents/<uuid:pk>/", views.IncidentView.as_view(), name="incident"),
    path(
        "m/<str:code>/incidents/<uuid:pk>/cameras/",
        views.CamerasView.as_view(),
        name="incident-cameras",
    ),
    path(
        "m/<str:code>/incidents/<uuid:pk>/cluster/",
        views.ClusterView.as_view(),
        name="incident-cluster",
    ),
    path("m/<str:code>/clusters/", ClusterAlarmsView.as_view(), name="clusters"),
    path(
        "m/<str:code>/clusters/<uuid:pk>/acknowledge/",
        AcknowledgeClusterView.as_view(),
        name="cluster-acknowledge",
    ),
    path("m/<str:code>/same/", SameCountsView.as_view(), name="same-counts"),
    path("m/<str:code>/incidents/<uuid:pk>/same/", SameView.as_view(), name="incident-same"),
    path("m/<str:code>/incidents/<uuid:pk>/joins/", JoinsView.as_view(), name="incident-joins"),
    path(
        "m/<str:code>/incidents/<uuid:pk>/<str:verb>/",
        views.VerbView.as_view(),
        name="incident-verb",
    ),
]
