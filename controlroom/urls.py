"""The composition root of addresses: each app owns its own urls module."""

from django.contrib import admin
from django.contrib.auth import views as auth_views
from django.urls import include, path
from django.views.i18n import JavaScriptCatalog

from controlroom import views
from linkage.console import page as link_console

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("accounts/login/", auth_views.LoginView.as_view(), name="login"),
    path("accounts/logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("i18n/catalog.js", JavaScriptCatalog.as_view(packages=["controlroom"]), name="catalog"),
    path("", include("controlroom.journal.urls")),
    path("api/v1/", include("linkage.api.urls")),
    path("m/<str:code>/linkage/", include("linkage.urls")),
    path("m/<str:code>/links/", link_console, name="link-console"),
    path("m/<str:code>/exports/", include("linkage.urls_exports")),
    path("agency/", include("linkage.urls_agency")),
    path("patrol/", include("linkage.urls_patrol")),
    path("wall/", include("incidents.urls_wall")),
    path("cap/<str:code>/", include("linkage.urls_public")),
    path("admin/", admin.site.urls),
    path("", include("controlroom.municipalities.urls")),
    path("", include("incidents.urls")),
    path("", include("cctv.urls")),
]
