"""Celery shells: load, call a verb, return."""

from celery import shared_task

from incidents import cluster_alarms, timers


@shared_task(ignore_result=True)
def escalate_overdue() -> None:
    timers.escalate_overdue()


@shared_task(ignore_result=True)
def look_for_clusters() -> None:
    cluster_alarms.look()
