"""A person looks the boxes over, adds and removes, and says that they are right."""

from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from controlroom.errors import Conflict, Invalid
from linkage.choices import DataKind
from linkage.errors import StepForbidden
from linkage.exports import films, vault
from linkage.exports.requests import check_handler, needed
from linkage.exports.states import State, Verb
from linkage.exports.telling import locked, record, saved, step
from linkage.models import ExportRequest
from linkage.models_agreements import LegalBasis
from linkage.models_exports import ExportClip, FilmKind

MOST_BOXES = 5_000
FIELDS = ("at_s", "until_s", "x", "y", "width", "height")


class BoxesChanged(Conflict):
    """Somebody else has changed the boxes of this film meanwhile; look at them again."""

    code = "boxes_changed"


@transaction.atomic
def change_boxes(
    *, clip: ExportClip, boxes: list[dict[str, Any]], version: int, by: Any
) -> ExportClip:
    """Write the boxes of a film as a person left them; what was found stays on record.

    Locks: the request, then the clip.
    Raises: NotAllowed, StepForbidden, BoxesChanged, Invalid.
    """
    export = locked(clip.export)
    check_handler(export, by)
    if export.state != State.EXTRACTED:
        raise StepForbidden(_("the request stands at another step"), fields={"state": []})
    clip = ExportClip.objects.select_for_update(no_key=True).get(pk=clip.pk)
    if clip.boxes_version != version:
        raise BoxesChanged(_("somebody else has changed these boxes meanwhile; load them again"))
    clip.boxes = _checked(boxes)
    clip.boxes_version += 1
    clip.save(update_fields=["boxes", "boxes_version"])
    record(
        export,
        "export.boxes",
        by=by,
        camera=clip.camera_id,
        found=len(clip.found or []),
        boxes=len(clip.boxes),
    )
    return clip


def _checked(boxes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Raises: Invalid naming the box."""
    if len(boxes) > MOST_BOXES:
        raise Invalid(_("too many boxes"), fields={"boxes": [MOST_BOXES]})
    kept = []
    for index, box in enumerate(boxes):
        at_s, until_s, x, y, width, height = (float(box[name]) for name in FIELDS)
        # A drag may end a hair outside the picture.
        x, y = min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)
        width, height = min(width, 1.0 - x), min(height, 1.0 - y)
        if not (0 <= at_s < until_s and width > 0 and height > 0):
            raise Invalid(
                _("a box is empty or outside the film"),
                fields={f"boxes[{index}]": [_("must have a time and a size")]},
            )
        kept.append(
            {
                "at_s": at_s,
                "until_s": until_s,
                "x": x,
                "y": y,
                "width": width,
                "height": height,
                "kind": str(box.get("kind") or "person-added"),
                "score": float(box.get("score", 1.0)),
            }
        )
    return kept


@transaction.atomic
def mask(*, export: ExportRequest, by: Any) -> ExportRequest:
    """Say that the boxes are right: a machine burns them in.

    Raises: NotAllowed, StepForbidden.
    """
    return _begin(export, by, basis=None, reason="")


@transaction.atomic
def leave_unmasked(*, export: ExportRequest, by: Any, basis: str, reason: str) -> ExportRequest:
    """Let the films leave without masks, on a basis of its own and for a second reason.

    Raises: NotAllowed, StepForbidden, Invalid.
    """
    law = LegalBasis.objects.filter(code=basis).first()
    kinds = {DataKind.RECORDED_VIDEO, DataKind.PERSON}
    if law is None or not law.is_in_force or not kinds <= set(law.allowed_data):
        raise Invalid(
            _("the request cannot be taken like this"),
            fields={"basis": [_("this legal basis allows no video in which people are seen")]},
        )
    return _begin(export, by, basis=law, reason=needed(reason))


def _begin(
    export: ExportRequest, by: Any, *, basis: LegalBasis | None, reason: str
) -> ExportRequest:
    export = locked(export)
    check_handler(export, by)
    step(export, Verb.MASK)
    _forget_masked(export)
    export.masked_by, export.unmasked_basis, export.unmasked_reason = by, basis, reason
    export.next_try_at, export.progress, export.error = timezone.now(), 0.0, ""
    saved(
        export,
        "export.unmasked" if basis else "export.masking",
        by=by,
        reason=reason,
        basis=basis.code if basis else "",
        boxes={clip.camera_id: len(clip.boxes or []) for clip in export.clips.all()},
    )
    return export


@transaction.atomic
def mask_again(*, export: ExportRequest, by: Any, reason: str) -> ExportRequest:
    """Go back to the boxes: something is still to be seen. Raises: NotAllowed, Invalid."""
    export = locked(export)
    check_handler(export, by)
    step(export, Verb.MASK_AGAIN)
    _forget_masked(export)
    export.unmasked_basis, export.unmasked_reason = None, ""
    saved(export, "export.mask_again", by=by, reason=needed(reason))
    return export


@transaction.atomic
def retry(*, export: ExportRequest, by: Any) -> ExportRequest:
    """Have a failed extraction tried again. Raises: NotAllowed, StepForbidden."""
    export = locked(export)
    check_handler(export, by)
    step(export, Verb.RETRY)
    export.next_try_at, export.error = timezone.now(), ""
    saved(export, "export.retried", by=by)
    return export


def _forget_masked(export: ExportRequest) -> None:
    older = films.of(export, FilmKind.MASKED)
    films.forget_keys(older)
    for film in older:
        transaction.on_commit(partial(vault.remove, film.name))
