"""Pages of the room itself: the way in, and whether it stands."""

from django.contrib.auth.decorators import login_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the console of the first municipality this person serves in, or to the admin."""
    serving = Municipality.objects.visible_to(request.user, Right.OPERATIONS_VIEW).first()
    if serving is None:
        return redirect("admin:index")
    return redirect("console", code=serving.code)


def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers; says nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})
