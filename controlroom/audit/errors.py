"""Tell whether it was the audit record that could not be written, and say so."""

from django.db import DatabaseError, OperationalError
from django.utils.translation import gettext as _

# The tables and functions of the record, as PostgreSQL names them in its errors.
OURS = ("audit_record", "audit_chain", "audit_turn", "audit_take_turn", "audit_digest")


CODE = "record_unwritten"


def reason() -> str:
    return _(
        "The audit record cannot be written. Nothing is shown, given out or changed without it; "
        "nothing was. Tell the system's keeper."
    )


def concerns_record(error: DatabaseError) -> bool:
    """Say whether it was the record, or its chain, that the database refused to write.

    A database that is gone is no such case: that is said otherwise, and tried again.
    """
    told = getattr(error.__cause__, "diag", None)
    if told is None or isinstance(error, OperationalError):
        return False
    words = f"{told.table_name or ''} {told.message_primary or ''} {told.context or ''}"
    return any(name in words for name in OURS)
