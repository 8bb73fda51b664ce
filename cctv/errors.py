"""What can go wrong with cameras, named for what happened."""

from controlroom.errors import Invalid


class AreaInvalid(Invalid):
    """The drawn circle, polygon or line cannot be searched; `fields` says where."""

    code = "area_invalid"
