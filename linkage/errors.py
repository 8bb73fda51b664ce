"""What an agency can do wrong, with the stable codes that docs/agency-api.md lists."""

from controlroom.errors import Conflict, DomainError, Invalid, NotAllowed


class MessageConflict(Conflict):
    """The same message id came again with other content."""

    code = "message_id_conflict"


class ReadingConflict(Conflict):
    """A sensor and time came again with another value; what else the batch held was taken."""

    code = "reading_conflict"


class KeyReused(DomainError):
    """The same Idempotency-Key came with another request."""

    code = "idempotency_key_reused"
    status = 422


class KeyInFlight(Conflict):
    """The first request with this Idempotency-Key is still being worked on."""

    code = "idempotency_key_in_flight"


class TimeOutOfRange(Conflict):
    """The sender's clock and ours differ too much to order what happened."""

    code = "time_out_of_range"


class WrongReceiver(Conflict):
    """The envelope names another municipality, service or organisation than its link."""

    code = "wrong_receiver"


class PayloadHashMismatch(Conflict):
    code = "payload_hash_mismatch"


class KindNotAllowed(Conflict):
    """The link's agreement does not cover this kind of case."""

    code = "kind_not_allowed"


class DrillNotAllowed(Conflict):
    code = "drill_not_allowed"


class Ambiguous(Conflict):
    """Two links of this client know the number; the request must name one."""

    code = "ambiguous_number"


class CaseCancelled(Conflict):
    """A cancelled case rings again by a new report, not by a correction."""

    code = "case_cancelled"


class OutOfSequence(Conflict):
    """The case stands so that this message must not be acted on; `errors` says which rule."""

    code = "out_of_sequence"


class ShareRefused(Conflict):
    """The case is not shared with the terminal; `errors` says by which rule."""

    code = "share_refused"


class NotReplayable(Conflict):
    """Only a message that was given up is sent again."""

    code = "not_replayable"


class AlreadyTelephoned(Conflict):
    """Somebody has recorded this call before."""

    code = "already_telephoned"


class RotationRunning(Conflict):
    """Two secrets sign already; a third would end the one that the agency still uses."""

    code = "rotation_running"


class InsufficientScope(NotAllowed):
    code = "insufficient_scope"


class LinkClosed(NotAllowed):
    """The link is suspended or does not go this way."""

    code = "link_closed"


class PreconditionRequired(DomainError):
    code = "precondition_required"
    status = 428


class PreconditionFailed(DomainError):
    code = "precondition_failed"
    status = 412


class TooLarge(Invalid):
    code = "too_large"
    status = 413


class CertificateRequired(NotAllowed):
    """The link names client certificates, and none of them was shown by a trusted proxy."""

    code = "certificate_required"


class TestsWaiting(Conflict):
    """So many test messages of the link are under way that one more would say nothing new."""

    code = "tests_waiting"


class ResyncTooSoon(Conflict):
    """Everything was asked for again a moment ago, or too often."""

    code = "resync_too_soon"


class VideoRefused(Conflict):
    """The policy, the case or the link refuses it; `fields["rule"]` names the rule."""

    code = "video_refused"


class StepForbidden(Conflict):
    """A request for recorded video stands at another step; `errors` says which."""

    code = "export_state"
