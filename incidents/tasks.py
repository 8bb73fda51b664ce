"""Celery shells: load, call a verb, return."""

from celery import shared_task

from incidents import timers


@shared_task(ignore_result=True)
def escalate_overdue() -> None:
    timers.escalate_overdue()
