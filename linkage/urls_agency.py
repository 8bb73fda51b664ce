"""The addresses of an agency's own engineers, under /agency/."""

from django.urls import path

from linkage import ptz, views_agency, views_case
from linkage import views_agency_exports as exports

app_name = "agency"
PTZ = "case/<slug:link>/<str:number>/watch/cameras/<uuid:grant>/ptz/"
urlpatterns = [
    path("", views_agency.desk, name="desk"),
    path("account/", views_agency.account, name="account"),
    path("guide.txt", views_agency.guide, name="guide"),
    path("guide-<slug:service>.txt", views_agency.guide, name="guide-of"),
    path("case/<slug:link>/<str:number>/watch/", views_case.page, name="case"),
    path("case/<slug:link>/<str:number>/watch/now", views_case.NowView.as_view(), name="case-now"),
    path(
        "case/<slug:link>/<str:number>/watch/cameras/<uuid:grant>/ticket",
        views_case.TicketView.as_view(),
        name="case-ticket",
    ),
    path(PTZ, views_case.PtzView.as_view(), name="case-ptz"),
    *[
        path(f"{PTZ}{act}/", views_case.PtzActView.as_view(act=act), name=f"case-ptz-{act}")
        for act in ptz.ACTS
    ],
    path("<slug:link>/", views_agency.link_page, name="link"),
    path("<slug:link>/test/", views_agency.send_test, name="test"),
    path("<slug:link>/replay/", views_agency.replay, name="replay"),
    path("<slug:link>/resync/", views_agency.resync, name="resync"),
    path("<slug:link>/secret/", views_agency.new_secret, name="secret"),
    path("<slug:link>/exports/", exports.listing, name="exports"),
    path("<slug:link>/exports/<uuid:reference>/", exports.one, name="export"),
    path("<slug:link>/exports/<uuid:reference>/look/", exports.look, name="export-look"),
    path("<slug:link>/exports/<uuid:reference>/package/", exports.package, name="export-package"),
    path("<slug:link>/exports/<uuid:reference>/confirm/", exports.confirm, name="export-confirm"),
    path(
        "<slug:link>/exports/<uuid:reference>/views/<uuid:view>/",
        exports.view_page,
        name="export-view",
    ),
    path(
        "<slug:link>/exports/<uuid:reference>/views/<uuid:view>/<int:number>.mp4",
        exports.film,
        name="export-film",
    ),
    path("<slug:link>/<str:direction>/<str:name>/", views_agency.message_page, name="message"),
]
