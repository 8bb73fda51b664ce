"""A link carries what its legal basis allows: by table, in every message that leaves."""

from datetime import timedelta

import pytest
from django.contrib.gis.geos import Point
from django.urls import reverse
from django.utils import timezone

from incidents import lifecycle
from incidents.models import Incident
from linkage import agreements, circuit, legal_catalogue, links, retries
from linkage.choices import DataKind, LinkState, MessageType
from linkage.envelopes import cloud_event
from linkage.models import Link, OutboxMessage
from linkage.models_agreements import LegalBasis, MaintenanceWindow
from tests.linkage.conftest import envelope


def basis(*data, code="TEST", **options) -> LegalBasis:
    return LegalBasis.objects.create(
        code=code, law_ko="시험법", allowed_data=[str(kind) for kind in data], **options
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "kind", "allowed"),
    [
        ("ACT-112", "place", True),
        ("ACT-112", "live_video", True),
        ("ACT-112", "recorded_video", False),
        ("ACT-112", "plate", False),
        ("PIPA-18-2-7", "plate", True),
        ("PIPA-18-2-7", "recorded_video", True),
        ("PIPA-18-2-7", "location_track", False),
        ("PIPA-18-2-3", "location_track", True),
        ("ACT-LOCATION-29", "location_track", True),
        ("ACT-LOCATION-29", "live_video", False),
        ("ACT-ROAD", "place", True),
        ("ACT-ROAD", "live_video", False),
        ("ACT-ROAD", "still", False),
        ("ACT-119", "still", True),
        ("ACT-DISASTER", "phone", False),
        ("AGREEMENT", "summary", True),
        ("AGREEMENT", "person", False),
    ],
)
def test_the_catalogue_of_bases_decides_what_may_be_told(link, code, kind, allowed):
    agreements.install()
    link.legal_basis = LegalBasis.objects.get(code=code)
    decision = agreements.may_tell(link, kind)
    assert bool(decision) is allowed
    assert decision.reason == ("allowed" if allowed else "not_covered_by_basis")


@pytest.mark.django_db
def test_without_a_basis_in_force_or_while_suspended_nothing_is_told(link):
    link.legal_basis = None
    assert agreements.may_tell(link, DataKind.PLACE).reason == "no_legal_basis"
    link.legal_basis = basis(DataKind.PLACE, is_in_force=False)
    assert agreements.may_tell(link, DataKind.PLACE).reason == "basis_not_in_force"
    link.legal_basis.is_in_force = True
    assert agreements.may_tell(link, DataKind.PLACE)
    link.state = LinkState.SUSPENDED
    assert agreements.may_tell(link, DataKind.PLACE).reason == "link_suspended"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("message_type", "needs"),
    [
        (MessageType.CAMERA_LIST, DataKind.LIVE_VIDEO),
        (MessageType.STREAM_GRANT, DataKind.LIVE_VIDEO),
        (MessageType.STILL, DataKind.STILL),
        (MessageType.ESCAPE_ROUTE, DataKind.PLACE),
    ],
)
def test_a_message_about_one_kind_of_data_needs_that_kind(link, message_type, needs):
    link.legal_basis = basis(*(kind for kind in DataKind if kind != needs))
    assert not agreements.may_send(link, message_type)
    link.legal_basis.allowed_data.append(needs)
    assert agreements.may_send(link, message_type)
    assert agreements.may_send(link, MessageType.STATUS_UPDATE)


@pytest.mark.django_db
def test_fields_are_left_out_at_any_depth_and_named(link):
    link.legal_basis = basis(DataKind.PLACE)
    said = {"status": "ACCEPTED", "place": {"lon": 1}, "list": [{"still": "x", "n": 1}], "text": ""}
    kept, withheld = agreements.permitted(link, said)
    assert kept == {"status": "ACCEPTED", "place": {"lon": 1}, "list": [{"n": 1}]}
    assert withheld == ["still", "text"]


def test_every_kind_of_data_is_known_and_used_by_the_catalogue():
    named = {kind for row in legal_catalogue.BASES for kind in row.allowed_data}
    assert named == set(DataKind.values)
    assert set(legal_catalogue.USUAL) >= {"police112", "fire119", "disaster", "city"}


def test_a_place_leaves_only_on_a_basis_that_allows_it(link, post, haneul):
    post(envelope())
    incident = Incident.objects.get()
    lifecycle.move(
        incident=incident, by=haneul, place=Point(127.41, 36.41, srid=4326), error_radius_m=10
    )
    message = OutboxMessage.objects.latest("pk")
    assert message.payload["status"] == "PLACE_CORRECTED"
    data = cloud_event(message)["data"]
    assert data["payload"]["place"]["lon"] == 127.41
    assert data["withheld"] == []
    assert (data["purpose_code"], data["legal_basis_code"]) == ("POLICE", "ACT-112")
    Link.objects.update(legal_basis=basis(code="STATES"))
    data = cloud_event(OutboxMessage.objects.get(pk=message.pk))["data"]
    assert "place" not in data["payload"]
    assert data["withheld"] == ["place"]
    assert data["legal_basis_code"] == "STATES"


@pytest.mark.django_db
def test_deadlines_go_by_priority_and_limits_by_urgency(link):
    link.ack_deadline_p1_s, link.ack_deadline_s = 10, 40
    assert [link.ack_deadline_s_for(priority) for priority in (1, 2, 3, 4)] == [10, 40, 40, 40]
    link.time_limits_min = {"0": 120}
    assert (link.time_limit_min_for("0"), link.time_limit_min_for("3")) == (120, 60)


def test_a_links_own_retry_policy_bounds_wait_and_life():
    now = timezone.now()
    policy = retries.Policy(longest_gap_s=20, life=timedelta(hours=1))
    old = now - timedelta(minutes=50)
    soon = retries.next_try(now=now, offered_at=old, attempts=40, policy=policy)
    assert soon == now + timedelta(seconds=20)
    gone = now - timedelta(minutes=61)
    assert retries.next_try(now=now, offered_at=gone, attempts=40, policy=policy) is None


@pytest.mark.django_db
def test_nothing_is_pushed_inside_a_planned_window_and_coming_up_early_ends_it(link, administrator):
    link.push_url = "https://police.example/"
    link.save()
    now = timezone.now()
    window = MaintenanceWindow.objects.create(
        link=link, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1), reason="r"
    )
    link = links.windows_changed(link=link, by=administrator)
    assert not circuit.may_send(link, now)
    assert circuit.may_send(link, now + timedelta(hours=2))
    link = links.set_state(link=link, state=LinkState.UP, by=administrator)
    assert circuit.may_send(link, timezone.now())
    window.refresh_from_db()
    assert window.ends_at <= timezone.now()


def form_of(page) -> dict:
    """Give what the browser would send back from an admin form unchanged."""
    form = page.context["adminform"].form
    data = {name: form[name].value() for name in form.fields}
    for formset in (one.formset for one in page.context["inline_admin_formsets"]):
        data |= {f"{formset.prefix}-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    return {name: value for name, value in data.items() if value is not None and value is not False}


def test_limits_kinds_and_windows_are_edited_without_json(client, administrator, link):
    client.force_login(administrator)
    address = reverse("admin:linkage_link_change", args=[link.pk])
    data = form_of(client.get(address)) | {
        "time_limits_min": "0=120, 1=90",
        "ack_deadline_p1_s": 15,
        "maintenance-TOTAL_FORMS": 1,
        "maintenance-0-starts_at_0": "2030-01-01",
        "maintenance-0-starts_at_1": "01:00:00",
        "maintenance-0-ends_at_0": "2030-01-01",
        "maintenance-0-ends_at_1": "03:00:00",
        "maintenance-0-reason": "교환기 교체",
    }
    response = client.post(address, data)
    assert response.status_code == 302, response.context["errors"]
    link.refresh_from_db()
    assert link.time_limits_min == {"0": 120, "1": 90}
    assert link.ack_deadline_s_for(1) == 15
    assert link.maintenance_until > link.maintenance_from
    refused = client.post(address, data | {"time_limits_min": "soon"})
    assert refused.status_code == 200
    assert "time_limits_min" in refused.context["adminform"].form.errors


def test_a_legal_basis_is_seen_by_link_keepers_and_changed_by_a_superuser(client, administrator):
    agreements.install()
    row = LegalBasis.objects.get(code="ACT-ROAD")
    address = reverse("admin:linkage_legalbasis_change", args=[row.pk])
    client.force_login(administrator)
    assert client.get(address).status_code == 200
    assert client.post(address, {}).status_code == 403
    administrator.is_superuser = True
    administrator.save()
    data = form_of(client.get(address)) | {"allowed_data": ["place"], "checked_on": "2026-11-01"}
    assert client.post(address, data).status_code == 302
    row.refresh_from_db()
    assert row.allowed_data == ["place"]
    assert str(row.checked_on) == "2026-11-01"
