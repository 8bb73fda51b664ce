"""Every kind of alarm, once: what it means, what follows, what a person must do, and how soon.

Source: reliability_and_console.md B2 (an alarm requires an action within a stated time).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.choices import Priority

OPERATOR, SUPERVISOR = "operator", "supervisor"
Words = str | Promise


@dataclass(frozen=True)
class AlarmKind:
    """A kind as its record of B2: cause, consequence, action, time allowed, priority, route."""

    code: str
    title: Words
    cause: Words
    consequence: Words
    action: Words
    severity: int = Priority.SYSTEM.value
    allowed_s: int = 300
    route: str = SUPERVISOR

    def words(self) -> dict[str, Any]:
        return {
            "title": str(self.title),
            "cause": str(self.cause),
            "consequence": str(self.consequence),
            "action": str(self.action),
        }


def _table(kinds: Iterable[AlarmKind]) -> dict[str, AlarmKind]:
    return {kind.code: kind for kind in kinds}


KINDS: dict[str, AlarmKind] = _table(
    (
        AlarmKind(
            "outbox.overdue",
            _("Messages to an agency are overdue"),
            _("A message is due and nobody tried to send it, or its acknowledgement did not come."),
            _("The agency may not know what the centre has accepted."),
            _("Telephone the agency's duty desk, then look at the link's queue."),
            severity=Priority.P2.value,
            allowed_s=60,
            route=OPERATOR,
        ),
        AlarmKind(
            "outbox.given_up",
            _("A message to an agency was given up"),
            _("The agency refused it for good, or it outlived its 72 hours."),
            _("The agency does not know and will not be told by itself."),
            _("Telephone the agency, mark the message as told, or send it again."),
            severity=Priority.P2.value,
            allowed_s=60,
            route=OPERATOR,
        ),
        AlarmKind(
            "phone.waiting",
            _("An agency must be telephoned"),
            _("An urgent message was not acknowledged within 60 seconds."),
            _("The agency may not know of an urgent case."),
            _("Call the duty desk and write down who was told what, and when."),
            severity=Priority.P1.value,
            allowed_s=60,
            route=OPERATOR,
        ),
        AlarmKind(
            "phone.unasked",
            _("Nobody was asked to telephone an agency"),
            _("An urgent message is unacknowledged and no telephone task was made in time."),
            _("The agency may not know of an urgent case, and nobody here knows that."),
            _("Telephone the agency's duty desk now about the incident."),
            severity=Priority.P1.value,
            allowed_s=60,
            route=OPERATOR,
        ),
        AlarmKind(
            "disaster.report_overdue",
            _("The report on a disaster situation is overdue"),
            _("The report cycle of the situation has passed without a report."),
            _("Whoever waits for the report decides on old knowledge."),
            _("File the situation report, or change the cycle."),
            severity=Priority.P2.value,
            allowed_s=300,
            route=OPERATOR,
        ),
        AlarmKind(
            "cap.expiring",
            _("A public alert of ours runs out"),
            _("Its situation goes on, and no worker has issued the alert again in time."),
            _("After its expiry agencies and the public take the danger for over."),
            _("Change the level or publish the situation again; have the workers looked at."),
            severity=Priority.P2.value,
            allowed_s=3600,
            route=OPERATOR,
        ),
        AlarmKind(
            "cap.feed_failing",
            _("Another office's alerts cannot be fetched"),
            _("The index of CAP alerts, or an alert it names, did not come or was not asked for."),
            _("A warning of that office may not be known here."),
            _("Telephone the office and ask for its warnings; have the address looked at."),
            severity=Priority.P2.value,
            route=OPERATOR,
        ),
        AlarmKind(
            "cap.feed_refused",
            _("An alert of another office could not be read"),
            _("The office's index names an alert that is no valid CAP, and it was refused."),
            _("What it warns of is not shown here."),
            _("Telephone the office and ask what the alert says."),
            severity=Priority.P2.value,
            route=OPERATOR,
        ),
        AlarmKind(
            "escalation.overdue",
            _("An escalation did not happen"),
            _("An unacknowledged urgent incident passed its time and nobody was told."),
            _("Nobody may be looking at this incident."),
            _("Acknowledge the incident now; tell the system's keeper that the clock stands."),
            severity=Priority.P1.value,
            allowed_s=60,
            route=OPERATOR,
        ),
        AlarmKind(
            "cluster.unacknowledged",
            _("Nobody has judged a cluster of reports"),
            _("Several reports of one place came within minutes, and nobody acknowledged them."),
            _("A danger to many people may be growing unseen."),
            _("Look at the place by camera now, and say what the cluster is."),
            severity=Priority.P1.value,
            allowed_s=60,
            route=OPERATOR,
        ),
        AlarmKind(
            "neighbour.untold",
            _("A neighbour waits for word of an incident"),
            _("An incident within reach of the border was not passed on in time."),
            _("The neighbouring centre does not know of it."),
            _("Telephone the neighbouring centre; have the workers looked at."),
            severity=Priority.P2.value,
            allowed_s=120,
            route=OPERATOR,
        ),
        AlarmKind(
            "view.overdue",
            _("Video stayed open after its time"),
            _("A view outlived the time limit and nobody ended it."),
            _("Pictures may be shown without a right to see them."),
            _("Close the view, and tell the system's keeper that the sweep stands."),
        ),
        AlarmKind(
            "recording.stopped",
            _("Nothing is recorded"),
            _("The recorder does not run, or its disk or its quota takes no more."),
            _("What happens now before the cameras cannot be seen later. Live video goes on."),
            _("Have the recorder looked at; make room, or release holds that are over."),
        ),
        AlarmKind(
            "recording.missing",
            _("A camera that should be recorded is not"),
            _("No picture of the camera has come to the recorder for 30 seconds."),
            _("What happens before this camera cannot be seen later."),
            _("Have the camera and its line looked at."),
            severity=Priority.P3.value,
            allowed_s=3600,
        ),
        AlarmKind(
            "grant.overdue",
            _("A grant of video stands open after its time"),
            _("Video was granted to an agency until a time that has passed, and nobody ended it."),
            _("Nothing is shown any more, but the record says that the agency may watch."),
            _("Withdraw the grant, and tell the system's keeper that the sweep of grants stands."),
        ),
        AlarmKind(
            "link.silent",
            _("An agency has fallen silent"),
            _("Nothing came from the agency for longer than its link expects."),
            _("Its reports may not be reaching the centre."),
            _("Telephone the agency's duty desk and ask whether its system sends."),
            severity=Priority.P2.value,
            route=OPERATOR,
        ),
        AlarmKind(
            "link.down",
            _("An agency cannot be reached"),
            _("Deliveries to the agency, or our questions to its sources, failed several times."),
            _("Messages wait in the queue, and news of its sources does not come."),
            _("Telephone the agency; urgent messages appear as telephone tasks."),
            severity=Priority.P2.value,
            route=OPERATOR,
        ),
        AlarmKind(
            "link.clock_skew",
            _("An agency's clock is wrong"),
            _("The send times of the agency differ from ours by more than five seconds."),
            _("From five minutes on its messages are refused."),
            _("Ask the agency's engineers to set their clock by a time server."),
            severity=Priority.P3.value,
            allowed_s=3600,
        ),
        AlarmKind(
            "link.unmapped_code",
            _("An agency uses a code that nobody mapped"),
            _("A report came with a kind that the link's table does not know."),
            _("The incident stands under an unmapped kind with a default priority."),
            _("Judge the incident by its text, and add the code to the link's table."),
            severity=Priority.P3.value,
            allowed_s=600,
        ),
        AlarmKind(
            "link.conflict",
            _("An agency used a message number twice"),
            _("A message number, or a sensor's time, came again with other content: refused."),
            _("One of the two is not known here."),
            _("Ask the agency what it meant to send, and have it sent under a new number."),
            severity=Priority.P3.value,
            allowed_s=600,
        ),
        AlarmKind(
            "link.refusing",
            _("Every message of an agency is refused"),
            _("The last ten messages of the link, or more, were all refused."),
            _("What the agency reports is not known here, although its line is up."),
            _("Telephone the agency's duty desk; have its engineers look at the refusals."),
            severity=Priority.P2.value,
            route=OPERATOR,
        ),
        AlarmKind(
            "link.sender_forged",
            _("A link spoke in another sender's name"),
            _("An alert came whose sender the link may not speak for, and it was refused."),
            _("Somebody may be trying to spread a false warning, or to take a true one back."),
            _("Telephone the agency and ask what it sent; if it did not, suspend the link."),
            severity=Priority.P2.value,
        ),
        AlarmKind(
            "link.held_back",
            _("An agency's messages are held back"),
            _("The agency has sent faster than its link allows for minutes."),
            _("Nothing is lost while it sends again, but its reports arrive late."),
            _("Ask the agency why it sends so much; if it must, raise the rate of its link."),
            severity=Priority.P3.value,
            allowed_s=600,
        ),
        AlarmKind(
            "link.dormant",
            _("A link is not used"),
            _("No real case came by this link for days while its peers had some."),
            _("The agreement exists on paper only."),
            _("Ask the agency whether its people know of the link, and arrange a drill."),
            severity=Priority.P3.value,
            allowed_s=86_400,
        ),
        AlarmKind(
            "sensor.silent",
            _("A level sensor is silent"),
            _("No reading came from the sensor for longer than it may be silent."),
            _("Rising water or a moving slope there would not be noticed."),
            _("Look at the place by camera, and have the sensor and its line checked."),
            severity=Priority.P2.value,
            allowed_s=600,
            route=OPERATOR,
        ),
        AlarmKind(
            "source.silent",
            _("A traffic source does not answer"),
            _("Its answers fail or cannot be read, or it was not asked in time."),
            _("New traffic events are not seen here; those that stand are left as they were."),
            _("Watch the roads by camera, and have the source's address and key checked."),
            severity=Priority.P3.value,
            allowed_s=600,
            route=OPERATOR,
        ),
        AlarmKind(
            "worker.stalled",
            _("Background work stands still"),
            _("A test row was not processed in time: no worker takes up work."),
            _("Messages to agencies, escalations and imports wait."),
            _("Have the workers restarted; until then telephone the agencies."),
            severity=Priority.P1.value,
            allowed_s=60,
        ),
        AlarmKind(
            "beat.stopped",
            _("The dispatcher of periodic work stands still"),
            _("No sweep began in time although the workers live."),
            _("What the broker loses is not found again, and escalations are late."),
            _("Have the dispatcher restarted."),
            severity=Priority.P2.value,
        ),
        AlarmKind(
            "feed.stalled",
            _("Dashboards are not kept up to date"),
            _("Screens are connected, but the journal has not reached them in time."),
            _("Operators may be looking at an old picture."),
            _("Reload the page; if it stays, have the web server restarted."),
            severity=Priority.P1.value,
            allowed_s=60,
        ),
        AlarmKind(
            "feed.deaf",
            _("Dashboards are told of news late"),
            _("Screens are connected, but the messages that announce news do not arrive."),
            _("News reaches the screens up to two seconds later than usual."),
            _("Have Redis and its connection to the web server looked at."),
            severity=Priority.P3.value,
            allowed_s=600,
        ),
        AlarmKind(
            "auditor.stopped",
            _("The auditor stands still"),
            _("The process that looks for what everybody missed made no round in time."),
            _("Overdue obligations are no longer noticed."),
            _("Have the auditor restarted, and look at the link lights yourself until then."),
        ),
    )
)
