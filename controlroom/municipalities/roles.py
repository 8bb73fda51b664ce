"""Which role carries which right: a table with no Django.

Source: domain.md section 10 (operators without export, administrators without video,
auditors read-only, statistics without personal data).
"""

from collections.abc import Iterable
from enum import StrEnum


class Right(StrEnum):
    OPERATIONS_VIEW = "operations_view"  # incidents, live feed, map
    INCIDENT_WORK = "incident_work"  # acknowledge, claim, note, close ...
    VIDEO_WATCH = "video_watch"
    PTZ_MOVE = "ptz_move"  # turn and zoom cameras, under a lock
    PTZ_SET = "ptz_set"  # keep a camera's presets and home
    SUPERVISE = "supervise"  # take over, shelve for others
    POLICY_MANAGE = "policy_manage"  # kinds, priorities, camera policy
    REGISTER_MANAGE = "register_manage"  # sites, cameras, imports
    LINKS_MANAGE = "links_manage"  # agencies, links, clients
    PEOPLE_MANAGE = "people_manage"
    RECORDS_READ = "records_read"  # view records, audit, register of provision
    RECORDS_KEEP = "records_keep"  # put the register of provision right
    STATISTICS_READ = "statistics_read"
    EXPORT_DRAFT = "export_draft"  # ask for recorded video in an agency's name
    EXPORT_HANDLE = "export_handle"  # decide on, mask and release what the police ask for
    EXPORT_OVERRIDE = "export_override"  # the same for every agency, with a reason


class RoleCode(StrEnum):
    OPERATOR = "operator"
    POLICE = "police"
    SUPERVISOR = "supervisor"
    PRIVACY_OFFICER = "privacy_officer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    STATISTICS = "statistics"


_OPERATE = frozenset(
    {Right.OPERATIONS_VIEW, Right.INCIDENT_WORK, Right.VIDEO_WATCH, Right.PTZ_MOVE}
)

RIGHTS: dict[RoleCode, frozenset[Right]] = {
    RoleCode.OPERATOR: _OPERATE | {Right.EXPORT_DRAFT},
    RoleCode.POLICE: _OPERATE | {Right.EXPORT_DRAFT, Right.EXPORT_HANDLE},
    RoleCode.SUPERVISOR: _OPERATE
    | {
        Right.SUPERVISE,
        Right.POLICY_MANAGE,
        Right.STATISTICS_READ,
        Right.PTZ_SET,
        Right.EXPORT_DRAFT,
        Right.EXPORT_OVERRIDE,
    },
    RoleCode.PRIVACY_OFFICER: frozenset(
        {Right.RECORDS_READ, Right.RECORDS_KEEP, Right.STATISTICS_READ}
    ),
    RoleCode.ADMINISTRATOR: frozenset(
        {
            Right.POLICY_MANAGE,
            Right.REGISTER_MANAGE,
            Right.LINKS_MANAGE,
            Right.PEOPLE_MANAGE,
        }
    ),
    RoleCode.AUDITOR: frozenset({Right.RECORDS_READ}),
    RoleCode.STATISTICS: frozenset({Right.STATISTICS_READ}),
}


def roles_with(right: Right) -> list[str]:
    return [role.value for role, rights in RIGHTS.items() if right in rights]


def rights_of(roles: Iterable[str]) -> frozenset[Right]:
    return frozenset().union(*(RIGHTS[RoleCode(role)] for role in roles))
