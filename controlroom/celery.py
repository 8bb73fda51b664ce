"""The Celery application: exchanges with agencies and background jobs."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlroom.settings")
app = Celery("controlroom")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Web requests run in threads of their own: without this their tasks go to an AMQP broker that
# nobody has, and each request waits seconds for the refusal.
app.set_default()
