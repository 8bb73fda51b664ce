"""The console's addresses of linkage, under /m/<code>/linkage/."""

from django.urls import path, re_path

from linkage import (
    console,
    views,
    views_alarms,
    views_city,
    views_disaster,
    views_filed,
    views_fire119,
    views_phone,
    views_police112,
    views_replay,
    views_stills,
    views_texts,
)

app_name = "linkage"
urlpatterns = [
    path("links/", views.links, name="links"),
    path("phone-tasks/", views_phone.tasks, name="phone-tasks"),
    path("phone-tasks/<int:task_id>/done/", views_phone.done, name="phone-task-done"),
    path("links/<slug:link_code>/replay/", views_replay.replay, name="replay"),
    path("reports/", views_filed.report, name="report"),
    path("incidents/<uuid:incident_id>/reports/", views_filed.reports, name="reports"),
    path("units/", views_police112.unit_positions, name="units"),
    path("grants/<uuid:reference>/revoke/", views_police112.revoke_grant, name="grant-revoke"),
    path("shares/<uuid:reference>/revoke/", views_police112.revoke_share, name="share-revoke"),
    path("incidents/<uuid:incident_id>/stills/", views_stills.of_incident, name="stills"),
    path("stills/<uuid:reference>/picture/", views_stills.picture, name="still-picture"),
    path("stills/<uuid:reference>/send/", views_stills.send, name="still-send"),
    path("incidents/<uuid:incident_id>/police112/", views_police112.police112, name="police112"),
    path("incidents/<uuid:incident_id>/fire119/", views_fire119.fire119, name="fire119"),
    path(
        "incidents/<uuid:incident_id>/escape-route/",
        views_police112.escape_route,
        name="escape-route",
    ),
    path("incidents/<uuid:incident_id>/exchanges/", views.exchanges, name="exchanges"),
    path("incidents/<uuid:incident_id>/disaster/", views_disaster.disaster, name="disaster"),
    path(
        "incidents/<uuid:incident_id>/disaster/<slug:verb>/",
        views_disaster.change,
        name="disaster-change",
    ),
    path("situations/", views_disaster.standing, name="situations"),
    path("cap/", views_disaster.cap_alerts, name="cap-alerts"),
    re_path(
        r"^cap/(?P<direction>in|out)/(?P<number>[0-9]{1,18})/$",
        views_disaster.cap_alert,
        name="cap-alert",
    ),
    path(
        "incidents/<uuid:incident_id>/area-cameras/",
        views_disaster.area_cameras,
        name="area-cameras",
    ),
    path("disaster-messages/", views_texts.text_messages, name="disaster-messages"),
    path("disaster-messages/<int:number>/", views_texts.decide, name="disaster-message"),
    path("bells/", views_city.bells, name="bells"),
    path("traffic-cameras/", views_city.traffic_cameras, name="traffic-cameras"),
    path("alarms/", views_alarms.listing, name="alarms"),
    path(
        "alarms/<int:alarm_id>/acknowledge/",
        views_alarms.acknowledge,
        name="alarm-acknowledge",
    ),
    path("console/", console.show_matrix, name="matrix"),
    path("console/use.csv", console.use_csv, name="links-use"),
    path("incidents/<uuid:incident_id>/useful/", console.say_useful, name="say-useful"),
    path("console/<slug:link>/messages/", console.messages, name="link-messages"),
    path(
        "console/<slug:link>/messages/<str:direction>/<str:name>/",
        console.message,
        name="link-message",
    ),
    path(
        "console/<slug:link>/messages/<str:direction>/<str:name>/content/",
        console.reveal,
        name="link-message-content",
    ),
    path("console/<slug:link>/test/", console.send_test, name="link-test"),
    path("console/<slug:link>/ask-again/", console.ask_again, name="link-ask-again"),
    path("console/<slug:link>/pause/", console.pause, name="link-pause"),
    path("console/<slug:link>/resume/", console.resume, name="link-resume"),
]
