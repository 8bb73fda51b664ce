"""Tasks of the camera room; each only calls a verb."""

from celery import shared_task

from cctv import streams, tickets


@shared_task
def sweep_views() -> None:
    tickets.sweep()
    streams.sweep()
