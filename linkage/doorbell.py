"""Ring once for a link until a worker has come: ten thousand facts need no ten thousand tasks.

Only Redis is asked, and only to save work: when it does not answer, everybody rings.
"""

from functools import lru_cache

from django.conf import settings
from redis import Redis, RedisError

# A ring that got lost keeps others silent for so long; the sweep comes every five seconds anyway.
SILENT_MS = 2000
ANSWER_WITHIN_S = 0.5
PRIORITIES = (0, 3, 6)


def first(link_id: int, priority: int) -> bool:
    """Say whether nobody has rung for the link with this priority since a worker last came."""
    try:
        return bool(_redis().set(_key(link_id, priority), 1, nx=True, px=SILENT_MS))
    except RedisError:
        return True


def answered(link_id: int) -> None:
    """Let the next one ring again; call before looking, so that no news falls in between."""
    try:
        _redis().delete(*(_key(link_id, priority) for priority in PRIORITIES))
    except RedisError:
        return


def _key(link_id: int, priority: int) -> str:
    return f"{settings.REDIS_PREFIX}:linkage:rang:{link_id}:{priority}"


@lru_cache(maxsize=1)
def _redis() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=ANSWER_WITHIN_S,
        socket_connect_timeout=ANSWER_WITHIN_S,
        retry_on_timeout=False,
    )
