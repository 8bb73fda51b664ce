"""What the register of provision hears of: sent in the transaction, before a byte leaves."""

from django.dispatch import Signal

# With `export` and `release`: recorded video was given to an agency.
released = Signal()
# With `export`, `view` and `clip`: a recipient looks at one camera's film of it, or takes it along.
looked_at = Signal()
