"""Which of our disaster kinds a word means: a table, with no Django."""

# The first that is found in the text wins: a landslide warning also speaks of rain.
WORDS: tuple[tuple[str, str], ...] = (
    ("산사태", "D10"),
    ("지하차도", "D03"),
    ("지진", "D09"),
    ("홍수", "D02"),
    ("하천", "D02"),
    ("산불", "D11"),
    ("태풍", "D04"),
    ("호우", "D01"),
    ("대설", "D06"),
    ("한파", "D07"),
    ("폭염", "D08"),
    ("강풍", "D05"),
    ("풍랑", "D05"),
    ("붕괴", "D13"),
    ("땅꺼짐", "D14"),
    ("싱크홀", "D14"),
    ("화학", "D15"),
    ("환경오염", "D15"),
    ("인파", "D16"),
    ("다중밀집", "D16"),
    ("정전", "D17"),
    ("에너지", "D17"),
    ("단수", "D18"),
    ("수도", "D18"),
    ("미세먼지", "D19"),
    ("황사", "D19"),
    ("감염병", "D20"),
    ("전염병", "D20"),
    ("폭발", "D12"),
    ("화재", "D12"),
)


def code_of(text: str) -> str | None:
    return next((code for word, code in WORDS if word in text), None)
