"""What the policy on video is for a link and a case now: rows of the city, terms of the link."""

from cctv.purposes import purposes_for
from controlroom.municipalities.models import Municipality
from incidents.models import Incident
from linkage.choices import LinkMode, LinkState
from linkage.errors import VideoRefused
from linkage.models import Link, PolicyChange
from linkage.policy.decision import Answer, Terms
from linkage.policy.rows import DEFAULTS, Row, changed
from linkage.policy.words import Mode, Rule
from linkage.policy_texts import RULES


def rows_of(municipality_id: int) -> list[Row]:
    """Give the whole matrix of the municipality: the defaults, and what two people changed."""
    own = PolicyChange.objects.filter(municipality_id=municipality_id).in_force()
    said = dict(own.values_list("row", "after"))
    return [changed(row, said.get(row.code, {})) for row in DEFAULTS]


def kind_of(incident: Incident) -> str:
    """Give our code of the kind; an unmapped one is no kind of the policy."""
    return str(incident.kind.code) if incident.kind.is_mapped else ""


def terms_of(link: Link, *, urgency: str = "") -> Terms:
    """Read the agreement of the link from its fields."""
    basis, city = link.legal_basis, link.municipality
    carries = basis is not None and basis.is_in_force
    return Terms(
        service=link.service,
        mode=Mode.AUTOMATIC if link.mode == LinkMode.PUSH else Mode.REQUEST,
        radius_m=float(link.radius_m or city.camera_radius_m),
        camera_limit=link.camera_limit or city.camera_limit,
        minutes=link.time_limit_min_for(urgency),
        bases={basis.code: frozenset(basis.allowed_data)} if basis and carries else {},
        kinds=frozenset(link.allowed_kinds),
        camera_purposes=purposes_for(municipality_id=city.pk, service=link.service),
        suspended=link.state == LinkState.SUSPENDED,
    )


def bases_of(municipality: Municipality) -> dict[str, frozenset[str]]:
    """Give every legal basis in force here by its code, with the data that it allows."""
    links = Link.objects.serving(municipality).filter(legal_basis__is_in_force=True)
    rows = links.values_list("legal_basis__code", "legal_basis__allowed_data")
    return {code: frozenset(allowed) for code, allowed in rows}


def refusal(rule: Rule, answer: Answer | None = None) -> VideoRefused:
    """Say no, with the rule and the row of the policy that it stands in."""
    row = answer.row.code if answer and answer.row else ""
    return VideoRefused(RULES[rule], fields={"rule": [str(rule)], "row": [row] if row else []})
