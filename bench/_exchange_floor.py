"""The worker of bench exchange: the project's own, with one bare task more that only posts."""

import celery

from controlroom.celery import app
from linkage import transport

__all__ = ["app", "post"]


@celery.shared_task(name="bench.post")
def post(url: str, secret: str, message_id: str, body: str) -> None:
    transport.post(
        destination=transport.Destination(url, "127.0.0.1", allow_private=True),
        secrets=[secret],
        message_id=message_id,
        body=body,
    )
