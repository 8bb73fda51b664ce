"""The one camera of the demo city that turns: near the middle, reached at the simulated one."""

from django.contrib.gis.db.models.functions import Distance

from cctv.choices import Purpose
from cctv.models import Camera, OnvifDevice
from cctv.onvif import devices
from cctv.onvif.line import Access
from controlroom.municipalities.models import Municipality
from linkage.simulator.turning import USER, address_of, password_of

SERVICES = {"media2": "media2", "ptz": "ptz", "events": "events"}


def install_turning(*, municipality: Municipality, port: int, client_secret: str) -> Camera | None:
    """Let one camera of the register be turned; its port is another one at each start."""
    known = OnvifDevice.objects.filter(municipality=municipality, model="Simulated PTZ").first()
    camera = known.camera if known else _in_the_middle(municipality)
    if camera is None:
        return None
    base = f"{address_of(port)}/onvif"
    access = Access(
        f"{base}/device_service",
        USER,
        password_of(client_secret),
        {name: f"{base}/{path}" for name, path in SERVICES.items()},
    )
    OnvifDevice.objects.update_or_create(
        camera=camera,
        defaults={"access_secret": devices.seal(access)},
        create_defaults={
            "municipality": municipality,
            "access_secret": devices.seal(access),
            "main_token": "main",
            "sub_token": "sub",
            "maker": "Controlroom",
            "model": "Simulated PTZ",
            "has_ptz": True,
            "has_events": True,
            "pulls_events": True,
            "zero_deg": 0.0,
            "limits": {"pan": [-1, 1], "tilt": [-1, 1], "zoom": [0, 1]},
        },
    )
    return camera


def _in_the_middle(municipality: Municipality) -> Camera | None:
    """Take a camera for every safety purpose, nearest to the middle of the city."""
    found: Camera | None = (
        Camera.objects.in_register()
        .filter(municipality=municipality, site__purpose__in=[Purpose.MULTI, Purpose.CRIME])
        .annotate(far=Distance("site__location", municipality.centre))
        .order_by("far", "position")
        .first()
    )
    return found
