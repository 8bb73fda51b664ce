"""The console's addresses for moving a camera: they only translate."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cctv.models import Camera, OnvifDevice, PtzLock
from cctv.onvif import devices, hands, locks, ptz
from cctv.onvif.aiming import Aim
from cctv.onvif.hands import Hand
from controlroom.accounts.models import User
from controlroom.errors import OutOfScope
from controlroom.municipalities.access import municipality_for, rights_in
from controlroom.municipalities.roles import Right

NOT_KEPT = {"Cache-Control": "no-store"}


class Speed(serializers.FloatField):
    def __init__(self) -> None:
        super().__init__(min_value=-1, max_value=1, required=False, default=0.0)


class TakeRequest(serializers.Serializer[Any]):
    incident = serializers.UUIDField(required=False, allow_null=True, default=None)
    reason = serializers.CharField(
        required=False, allow_blank=True, allow_null=True, default="", max_length=300
    )


class PlaceRequest(serializers.Serializer[Any]):
    pan = serializers.FloatField(min_value=-1e3, max_value=1e3)
    tilt = serializers.FloatField(min_value=-1e3, max_value=1e3)
    zoom = serializers.FloatField(min_value=-1e3, max_value=1e3)


class MoveRequest(serializers.Serializer[Any]):
    pan, tilt, zoom = Speed(), Speed(), Speed()
    # Instead of speeds: a place in the camera's own numbers.
    to = PlaceRequest(required=False, allow_null=True, default=None)


class PresetRequest(serializers.Serializer[Any]):
    preset = serializers.CharField(required=False, default="", max_length=64)
    # Keep where the camera looks now, under this name.
    keep = serializers.CharField(required=False, default="", max_length=64)


class HomeRequest(serializers.Serializer[Any]):
    keep = serializers.BooleanField(required=False, default=False)


def device_for(user: Any, code: str, camera_id: int) -> OnvifDevice:
    """Raises: OutOfScope for another city's camera, NoPtz for one that does not turn."""
    municipality = municipality_for(user, code, Right.VIDEO_WATCH)
    camera = (
        Camera.objects.visible_to(user)
        .in_register()
        .filter(municipality=municipality, pk=camera_id)
        .first()
    )
    if camera is None:
        raise OutOfScope(_("no such camera"))
    return ptz.device_of(camera)


def state(device: OnvifDevice, user: User) -> dict[str, Any]:
    """Say who holds the camera and what this person may do with it."""
    lock = (
        PtzLock.objects.filter(camera_id=device.camera_id, ended_at=None)
        .select_related("holder")
        .first()
    )
    rights = rights_in(user, device.municipality_id)
    return {
        "ptz": True,
        "camera": {"id": device.camera_id, "name": str(device.camera)},
        "may_move": Right.PTZ_MOVE in rights,
        "may_set": Right.PTZ_SET in rights,
        "may_cue": devices.mount_of(device) is not None,
        "lock": locks.as_json(lock),
        "mine": lock is not None and lock.link_id is None and lock.holder_id == user.pk,
    }


class PtzView(APIView):
    """GET says how it stands; POST does one act under one's own lock."""

    wished: type[serializers.Serializer[Any]] | None = None

    def get(self, request: Request, code: str, camera_id: int) -> Response:
        try:
            device = device_for(request.user, code, camera_id)
        except ptz.NoPtz:
            return Response({"ptz": False}, headers=NOT_KEPT)
        return self.answer(device, request)

    def answer(self, device: OnvifDevice, request: Request, **more: Any) -> Response:
        said = state(device, cast(User, request.user)) | more
        return Response(said, status=HTTPStatus.OK, headers=NOT_KEPT)


class ActView(PtzView):
    http_method_names = ["post", "options"]
    work: Callable[..., object]

    def post(self, request: Request, code: str, camera_id: int) -> Response:
        device = device_for(request.user, code, camera_id)
        said: dict[str, Any] = {}
        if self.wished is not None:
            asked = self.wished(data=request.data)
            asked.is_valid(raise_exception=True)
            said = asked.validated_data
        hand = hands.of_person(cast(User, request.user), device.camera)
        return self.answer(device, request, **(self.act(device, hand, said) or {}))

    def act(self, device: OnvifDevice, hand: Hand, said: dict[str, Any]) -> dict[str, Any] | None:
        """Do it; what it gives is told besides how the camera stands then."""
        self.work(device=device, hand=hand)
        return None


class TakeView(ActView):
    wished = TakeRequest

    def act(self, device: OnvifDevice, hand: Hand, said: dict[str, Any]) -> None:
        ptz.take(
            device=device, hand=hand, incident_id=said["incident"], reason=said["reason"] or ""
        )


class KeepView(ActView):
    work = staticmethod(locks.keep)


class MoveView(ActView):
    wished = MoveRequest

    def act(self, device: OnvifDevice, hand: Hand, said: dict[str, Any]) -> None:
        if said["to"]:
            ptz.go_to(device=device, hand=hand, aim=Aim(**said["to"]))
        else:
            speeds = {axis: said[axis] for axis in ptz.AXES}
            ptz.move(device=device, hand=hand, **speeds)


class StopView(ActView):
    work = staticmethod(ptz.stop)


class PresetView(ActView):
    http_method_names = ["get", "post", "options"]
    wished = PresetRequest

    def get(self, request: Request, code: str, camera_id: int) -> Response:
        device = device_for(request.user, code, camera_id)
        return Response({"presets": ptz.presets(device)}, headers=NOT_KEPT)

    def act(self, device: OnvifDevice, hand: Hand, said: dict[str, Any]) -> dict[str, Any] | None:
        if said["keep"]:
            token = ptz.keep_preset(
                device=device, hand=hand, name=said["keep"], token=said["preset"]
            )
            return {"preset": token}
        if not said["preset"]:
            raise serializers.ValidationError({"preset": [_("say which")]})
        ptz.to_preset(device=device, hand=hand, token=said["preset"])
        return None


class HomeView(ActView):
    wished = HomeRequest

    def act(self, device: OnvifDevice, hand: Hand, said: dict[str, Any]) -> None:
        (ptz.keep_home if said["keep"] else ptz.home)(device=device, hand=hand)


class CueView(ActView):
    work = staticmethod(ptz.cue)


class ReleaseView(ActView):
    work = staticmethod(ptz.release)
