"""Whom the demo city tells onward when a disaster situation is declared; all names invented."""

from controlroom.municipalities.models import Municipality
from linkage.models_disaster import Channel, CrisisLevel, OnwardContact

CONTACTS = (
    ("한빛시 재난안전과 당직", Channel.PHONE, "내선 1190", CrisisLevel.ATTENTION),
    ("한빛소방서 상황실", Channel.MESSENGER, "", CrisisLevel.CAUTION),
    ("가온동 통장협의회", Channel.BROADCAST, "", CrisisLevel.ALERT),
    ("한빛시 부시장", Channel.PHONE, "내선 1001", CrisisLevel.ALERT),
    ("누리도 재난안전대책본부", Channel.FAX, "내선 2119", CrisisLevel.SERIOUS),
)


def install_contacts(*, municipality: Municipality) -> None:
    for position, (whom, channel, number, level) in enumerate(CONTACTS):
        OnwardContact.objects.get_or_create(
            municipality=municipality,
            whom=whom,
            channel=channel,
            defaults={"number": number, "from_level": level, "position": position},
        )
