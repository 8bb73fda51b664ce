"""The addresses of requests for recorded video, under /m/<code>/exports/."""

from django.urls import path

from linkage import views_exports

app_name = "exports"
urlpatterns = [
    path("", views_exports.page, name="list"),
    path("new/", views_exports.new, name="new"),
    path("<uuid:reference>/", views_exports.one, name="request"),
    path("<uuid:reference>/state/", views_exports.state, name="state"),
    path("<uuid:reference>/letter/read/", views_exports.letter, name="letter"),
    path("<uuid:reference>/release/", views_exports.release, name="release"),
    path("<uuid:reference>/do/<slug:deed>/", views_exports.act, name="act"),
    path("<uuid:reference>/films/<int:number>/", views_exports.boxes_page, name="boxes"),
    path("<uuid:reference>/films/<int:number>/save/", views_exports.save_boxes, name="save-boxes"),
    path("<uuid:reference>/films/<int:number>/<slug:kind>.mp4", views_exports.film, name="film"),
]
