"""What can go wrong when the journal is read."""

from controlroom.errors import Conflict


class UnknownCursor(Conflict):
    """The reader claims to know more than was ever said: another database, a restored backup."""

    code = "cursor_unknown"
