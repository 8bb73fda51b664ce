"""Which priority a report gets: the rules an administrator keeps, the most specific one first."""

from typing import Any

from django.db.models import Q

from incidents.choices import Priority
from incidents.models import Kind, PriorityRule

DEFAULT = Priority.P3


def rule_for(*, kind: Kind, urgency: str) -> PriorityRule | None:
    """Find the rule that counts: naming kind and urgency beats naming one, one beats none.

    Of two that name one each, the more urgent counts: doubt never lowers a priority.
    """
    rules = PriorityRule.objects.select_related("kind").filter(
        Q(kind=kind) | Q(kind=None), service=kind.service, urgency__in={urgency, ""}
    )
    return min(
        rules,
        key=lambda rule: (-(rule.kind_id is not None) - bool(rule.urgency), rule.priority),
        default=None,
    )


def priority_by(rule: PriorityRule | None) -> int:
    return rule.priority if rule else DEFAULT.value


def explained(rule: PriorityRule | None) -> dict[str, Any]:
    """Give the rule as it is now, to be kept with the fact it decided."""
    return {
        "priority": priority_by(rule),
        "rule": rule.pk if rule else None,
        "rule_kind": rule.kind.code if rule and rule.kind else "",
        "rule_urgency": rule.urgency if rule else "",
    }
