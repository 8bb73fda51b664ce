"""The words of the policy on video as people read them."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from linkage.policy.words import Access, Ground, Rule, Trigger, VideoPurpose, Word

RULES: Mapping[Rule, Any] = {
    Rule.SUSPENDED: _("The link is suspended: nothing goes over it."),
    Rule.CLOSED: _("The case has ended: video ends with it."),
    Rule.CANCELLED: _("The case was taken back: there is nothing to watch for."),
    Rule.DRILL: _("This is a drill, and the link takes none."),
    Rule.ONE_WAY: _("Pictures come from this service and never go to it."),
    Rule.RIGHT: _("The policy gives this service no such right."),
    Rule.LETTER: _("Recordings are asked for by an official letter, and two people decide."),
    Rule.KIND: _("Cases of this kind are not covered by the agreement or the policy."),
    Rule.NOT_ASKED: _("Nobody asked, and agreement and policy do not both say automatic."),
    Rule.PURPOSE: _("This purpose is not one for which the service may have video."),
    Rule.BASIS: _("This legal basis does not carry video on this link."),
    Rule.GROUND: _("None of the grounds of the disaster law was named."),
    Rule.TOO_LONG: _("It is longer than agreement and policy allow at once."),
    Rule.NOT_LISTED: _("The camera is not in the newest list of the case."),
    Rule.CAMERA_PURPOSE: _("The camera was registered for a purpose that does not serve this."),
    Rule.OUT_OF_RADIUS: _("The camera is farther from the place than agreement and policy reach."),
    Rule.TOO_MANY: _("More cameras at once than agreement and policy allow."),
    Rule.USED_UP: _("The longest time that the policy allows is used up."),
    Rule.ON_WORD: _("The policy leaves cases of this kind to a person's word."),
    Rule.OPERATOR: _("A person of the centre refused it."),
    Rule.UNANSWERED: _("Nobody of the centre answered in time."),
}
WORDS: Mapping[Word, Any] = {
    Word.AUTOMATIC: pgettext_lazy("policy", "automatic"),
    Word.OPERATOR: pgettext_lazy("policy", "on the operator's word"),
    Word.REFUSED: pgettext_lazy("policy", "refused"),
}
ACCESSES: Mapping[Access, Any] = {
    Access.LIVE: pgettext_lazy("grant", "live"),
    Access.RECORDED: pgettext_lazy("grant", "recorded"),
    Access.PTZ: pgettext_lazy("grant", "turning the camera"),
}
TRIGGERS: Mapping[Trigger, Any] = {
    Trigger.REQUEST: pgettext_lazy("grant", "asked for by the agency"),
    Trigger.AUTOMATIC: pgettext_lazy("grant", "automatic"),
    Trigger.OPERATOR: pgettext_lazy("grant", "by the operator"),
}
PURPOSES: Mapping[str, Any] = {
    VideoPurpose.SCENE: pgettext_lazy("purpose", "seeing the scene"),
    VideoPurpose.RESCUE: pgettext_lazy("purpose", "rescue"),
    VideoPurpose.PURSUIT: pgettext_lazy("purpose", "pursuit"),
    VideoPurpose.SEARCH: pgettext_lazy("purpose", "search"),
}
GROUNDS: Mapping[Ground, Any] = {
    Ground.WEATHER_REPORT: pgettext_lazy("ground", "special weather report"),
    Ground.CRISIS_ALERT: pgettext_lazy("ground", "crisis alert"),
    Ground.MASS_CASUALTY: pgettext_lazy("ground", "many may come to harm"),
    Ground.HEADQUARTERS: pgettext_lazy("ground", "disaster headquarters stands"),
}
# Services of the matrix that have no link yet; the others are named by incidents.
PREPARED: Mapping[str, Any] = {
    "vulnerable": pgettext_lazy("service", "vulnerable people"),
    "wanted": pgettext_lazy("service", "wanted vehicles"),
    "anklet": pgettext_lazy("service", "electronic anklets"),
    "safe_return": pgettext_lazy("service", "safe return"),
    "security": pgettext_lazy("service", "private security"),
    "central": pgettext_lazy("service", "central network"),
}
FIELDS: Mapping[str, Any] = {
    "word": _("answer"),
    "kinds": _("kinds"),
    "bases": _("legal bases"),
    "purposes": _("purposes"),
    "grounds": _("grounds"),
    "radius_m": _("radius (m)"),
    "cameras": _("cameras at most"),
    "minutes": _("minutes at once"),
    "total_minutes": _("minutes in all"),
    "unasked": _("given unasked"),
    "answer_s": _("seconds to answer"),
}
