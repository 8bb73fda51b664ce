"""Pages of the room itself: the way in, and whether it stands."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from controlroom.journal import pulses
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
    """Answer 200 when the database answers, with the age of the auditor's last good round.

    Anybody may ask: it says nothing else.
    """
    silent = pulses.age("auditor")
    return JsonResponse(
        {"status": "ok", "auditor_silent_s": round(silent.total_seconds()) if silent else None}
    )
