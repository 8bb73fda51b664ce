"""What beat sets the workers to, and how often; pure, for the settings alone.

An order that no worker has taken by then is dropped: the next one is on its way.
"""

from typing import Any

# What for, the task, seconds from one order to the next, seconds until an order is dropped.
ROWS = [
    ("process the auditor's canaries", "linkage.tasks.take_canaries", 5, 10),
    ("escalate unacknowledged alarms", "incidents.tasks.escalate_overdue", 5, 10),
    ("sweep the outbox", "linkage.tasks.sweep", 5, 10),
    ("look for clusters of reports", "incidents.tasks.look_for_clusters", 3, 10),
    ("end video grants that ran out", "linkage.tasks.end_overdue_grants", 10, 20),
    ("destroy stills whose time is over", "linkage.tasks.destroy_stills", 300, 290),
    ("work at exports, and end them", "linkage.tasks.sweep_exports", 5, 10),
    ("watch the city's sensors", "linkage.tasks.watch_sensors", 30, 25),
    ("ask the city's feeds", "linkage.tasks.ask_feeds", 10, 10),
    ("find overdue situation reports", "linkage.tasks.watch_situations", 20, 40),
    ("ask other offices for their alerts", "linkage.tasks.ask_cap_feeds", 10, 10),
    ("measure the states of links", "linkage.tasks.measure_links", 20, 20),
    ("tell neighbours what a lost task left untold", "linkage.tasks.sweep_neighbours", 5, 10),
    ("forget expired tokens and keys", "linkage.tasks.forget_expired", 3600, 1800),
    ("revive imports whose worker died", "cctv.tasks.revive_imports", 30, 25),
    ("tell what changed with cameras", "cctv.tasks.tell_health", 2, 4),
    ("look after maintenance tickets", "cctv.tasks.look_after_tickets", 30, 25),
    ("end views that nobody watches", "cctv.tasks.sweep_views", 5, 10),
    ("stop, free and bring home turned cameras", "cctv.tasks.sweep_ptz", 5, 5),
]
WITH_MEDIA_SERVER = [
    ("kick who may not read from the media server any more", "cctv.tasks.watch_media_server", 1, 1),
]


def entries(*, media_server: bool) -> dict[str, dict[str, Any]]:
    """Give the schedule as Celery reads it."""
    return {
        words: {"task": task, "schedule": float(every_s), "options": {"expires": expires_s}}
        for words, task, every_s, expires_s in [*ROWS, *(WITH_MEDIA_SERVER if media_server else ())]
    }
