"""Why a camera gives no picture, in the reader's language."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, str | Promise] = {
    "unauthorized": _("refuses our sign-in"),
    "not_found": _("knows no such stream"),
    "refused": _("takes no connection"),
    "timeout": _("does not answer in time"),
    "unreachable": _("its network is not reachable"),
    "certificate": _("its certificate is not valid"),
    "no_picture": _("sends no picture"),
    "invalid": _("sends what is no picture"),
    "failed": _("breaks off"),
    "camera_not_connected": _("is not connected"),
    "camera_address_refused": _("its address is not allowed"),
    "tampering": _("reports tampering too"),
    "host_down": _("its recorder is unreachable"),
    "host_back": _("its recorder is back; not looked at yet"),
}


def reason_text(code: str) -> str:
    return str(WORDS.get(code, code))
