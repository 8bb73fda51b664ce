"""Brings the demo city into the database: municipalities, base map, register and people."""

from itertools import islice
from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.db import transaction
from django.utils import timezone

from cctv.choices import Health, Purpose, SourceKind
from cctv.models import Camera, CameraGroup, GroupedCamera, Site
from controlroom.accounts.models import User
from controlroom.municipalities.choices import Role
from controlroom.municipalities.models import MapLayer, Membership, Municipality
from linkage.demo import geography, register
from linkage.demo.plane import XY, lon_lat
from linkage.demo.register import DemoSite

CITY_CODE = "90010"
# Raised when the generated city changes, so that an older one is drawn anew.
EDITION = 2
BATCH = 2_000

MUNICIPALITIES = (
    (CITY_CODE, register.ORGANISATION_CODE, "한빛시", "Hanbit City"),
    ("90020", "9002000", "새벽시", "Saebyeok City"),
    ("90030", "9003000", "가람군", "Garam County"),
)
PEOPLE = (
    ("haneul", "하늘", Role.OPERATOR),
    ("sup", "이슬", Role.SUPERVISOR),
    ("admin", "가을", Role.ADMINISTRATOR),
    ("bada", "바다", Role.AUDITOR),
    ("police", "한결", Role.POLICE),
)


def _boundaries() -> dict[str, list[XY]]:
    return {
        CITY_CODE: list(geography.boundary()),
        "90020": geography.neighbour(10, 32),
        "90030": geography.neighbour(46, 72),
    }


def _multipolygon(ring: list[XY]) -> MultiPolygon:
    corners = [lon_lat(place) for place in ring]
    return MultiPolygon(Polygon([*corners, corners[0]], srid=4326), srid=4326)


@transaction.atomic
def install_municipalities() -> Municipality:
    """Make the city and its two neighbours once, and draw its base map; give the city."""
    name = f"generated-{EDITION}"
    found: Municipality | None = Municipality.objects.filter(
        code=CITY_CODE, map_layers__name=name
    ).first()
    if found is not None:
        return found
    rings = _boundaries()
    for code, organisation_code, name_ko, name_en in MUNICIPALITIES:
        boundary = _multipolygon(rings[code])
        Municipality.objects.update_or_create(
            code=code,
            defaults={
                "organisation_code": organisation_code,
                "name_ko": name_ko,
                "name_en": name_en,
                "province_ko": "누리도",
                "province_en": "Nuri Province",
                "boundary": boundary,
                "centre": boundary.centroid,
            },
        )
    city: Municipality = Municipality.objects.get(code=CITY_CODE)
    city.map_layers.filter(name__startswith="generated-").delete()
    MapLayer.objects.create(municipality=city, name=name, geojson=geography.base_map())
    return city


@transaction.atomic
def install_register(*, municipality: Municipality, cameras: int) -> int:
    """Add the generated sites that the city does not have yet; give how many cameras came.

    A register that already holds this many cameras is left as people made it.
    """
    if Camera.objects.own().filter(municipality=municipality).count() >= cameras:
        return 0
    known = set(
        Site.objects.filter(municipality=municipality).values_list("register_id", flat=True)
    )
    missing = (site for site in register.sites(cameras) if site.register_id not in known)
    added = 0
    while batch := list(islice(missing, BATCH)):
        added += _add(municipality, batch)
    return added


def _add(municipality: Municipality, batch: list[DemoSite]) -> int:
    now = timezone.now()
    sites = Site.objects.bulk_create(_site(municipality, one) for one in batch)
    cameras = [
        Camera(
            municipality=municipality,
            site=site,
            position=camera.position,
            name=f"{site.name} #{camera.position}",
            bearing_deg=camera.bearing_deg,
            field_of_view_deg=camera.field_of_view_deg,
            health=camera.health,
            health_at=None if camera.health == Health.UNKNOWN else now,
            source_kind=SourceKind.SYNTHETIC,
        )
        for site, made in zip(sites, batch, strict=True)
        for camera in made.cameras
    ]
    return len(Camera.objects.bulk_create(cameras))


def _site(municipality: Municipality, made: DemoSite) -> Site:
    return Site(
        municipality=municipality,
        register_id=made.register_id,
        name=made.name,
        managing_agency=register.MANAGING_AGENCY,
        road_address=made.road_address,
        lot_address=made.lot_address,
        purpose=made.purpose,
        location=Point(made.lon, made.lat, srid=4326),
        camera_count=len(made.cameras),
        pixels_10k=made.pixels_10k,
        direction_text=made.direction_text,
        retention_days=30,
        installed_month=made.installed_month,
        data_date=register.DATA_DATE,
    )


# Name, purpose on record, the purpose of its cameras, how many of them.
GROUPS = (
    ("학교 가는 길", "등하굣길 어린이 안전 확인", Purpose.CHILDREN, 12),
    ("하천과 저지대", "하천 수위와 침수 우려 지점 확인", Purpose.DISASTER, 9),
    ("도심 번화가", "야간 다중밀집 지역 방범 순찰", Purpose.MULTI, 18),
)


@transaction.atomic
def install_groups(*, municipality: Municipality) -> None:
    """Make the camera groups of the demo's tours once."""
    for name, purpose, kind, size in GROUPS:
        if CameraGroup.objects.filter(municipality=municipality, name=name).exists():
            continue
        cameras = (
            Camera.objects.in_register()
            .filter(municipality=municipality, site__purpose=kind)
            .order_by("pk")[:size]
        )
        group = CameraGroup.objects.create(municipality=municipality, name=name, purpose=purpose)
        GroupedCamera.objects.bulk_create(
            GroupedCamera(group=group, camera=camera, order=order)
            for order, camera in enumerate(cameras, start=1)
        )


@transaction.atomic
def install_people(*, municipality: Municipality, password: str) -> list[str]:
    """Make the five people of the demo with one password; give the names of those it changed."""
    people = {user.username: user for user in User.objects.filter(username__in=_names())}
    first = people.get(PEOPLE[0][0])
    if len(people) == len(PEOPLE) and first and check_password(password, first.password):
        return []
    # One hash for all: five would take a second and tell nobody more.
    hashed = make_password(password)
    for username, display_name, role in PEOPLE:
        is_admin = role == Role.ADMINISTRATOR
        defaults: dict[str, Any] = {
            "display_name": display_name,
            "password": hashed,
            "is_staff": is_admin,
            "is_superuser": is_admin,
        }
        user, _made = User.objects.update_or_create(username=username, defaults=defaults)
        Membership.objects.get_or_create(user=user, municipality=municipality, role=role)
    return _names()


def _names() -> list[str]:
    return [username for username, _display_name, _role in PEOPLE]
