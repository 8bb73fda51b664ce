"""The signal that this app declares: a fact about an incident was recorded."""

from django.dispatch import Signal

# Verbs of events that are no transitions; the others are statuses.Verb.
OPEN = "open"  # the first event of each incident
ESCALATE = "escalate"  # the clock's: nobody acknowledged in time

# Sent IN the transaction, with `incident: Incident` and `event: IncidentEvent`. A receiver that
# raises rolls the fact back, so that what must be told is planned or nothing happened. A receiver
# locks only rows of this incident: the journal's counter may be held already (a verb that implies
# an acknowledgement records two facts), and a row shared by incidents would make a deadlock.
fact_recorded = Signal()

# Asked for the kind of a reported code, with `source: str` (who reports), `service`, `code` and
# `name`; the first answer that is not None is the kind. Without one, our own catalogue decides.
kind_asked = Signal()
