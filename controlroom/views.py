"""Pages of the room itself: the way in, and whether it stands."""

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from controlroom.municipalities.models import Municipality


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the first municipality of this person; administrators of none go to the admin."""
    municipality = Municipality.objects.visible_to(request.user).first()
    if municipality is None:
        return redirect("admin:index")
    return redirect("/admin/")


def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers; says nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})
