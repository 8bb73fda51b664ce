"""What can go wrong with cameras, named for what happened."""

from controlroom.errors import Conflict, Invalid, NotAllowed, Unavailable


class AreaInvalid(Invalid):
    """The drawn circle, polygon or line cannot be searched; `fields` says where."""

    code = "area_invalid"


class RoadsInvalid(Invalid):
    """The file of a road network cannot be taken in; `fields` says what is wrong."""

    code = "roads_invalid"


class PictureMissing(Unavailable):
    """The camera gives no picture now; `fields` may say why under "camera"."""

    code = "no_picture"


class RelaysBusy(Unavailable):
    """This machine runs as many relays as it may, and each of them is watched."""

    code = "too_many_relays"


class TicketRefused(NotAllowed):
    """This ticket shows nothing, or none is issued."""

    code = "ticket_refused"


class ViewEnded(NotAllowed):
    """The view is over; `fields` says why under "reason"."""

    code = "view_ended"


class PurposeMissing(Invalid):
    """Video is watched for an incident or a stated purpose."""

    code = "purpose_missing"


class TicketNotAllowed(Conflict):
    """The maintenance ticket's state does not allow this step."""

    code = "ticket_not_allowed"
