"""What a printed register holds, whatever it is printed on."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sheet:
    """A title, lines that say what was asked for, and a table."""

    title: str
    lines: list[str]
    columns: list[str]
    rows: list[list[str]]
    # How wide each column is, beside the others.
    widths: tuple[int, ...]
    language: str = "ko"
    foot: list[str] = field(default_factory=list)
