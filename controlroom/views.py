"""Pages of the room itself: the way in, and whether it stands."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect

from controlroom.journal import pulses
from controlroom.municipalities.models import Municipality
from controlroom.municipalities.roles import Right


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Lead to the console of the first municipality this person serves in, or to the admin.

    Who serves in none may be an agency's engineer.
    """
    serving = Municipality.objects.visible_to(request.user, Right.OPERATIONS_VIEW).first()
    user: Any = request.user
    if serving is None and not user.is_superuser and not user.memberships.in_force().exists():
        return redirect("agency:desk")
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
