"""Tasks go to our broker from every thread of every process, the web's included."""

import subprocess
import sys
import threading

from celery import current_app
from django.conf import settings

from linkage.tasks import sweep


def test_every_thread_sends_tasks_to_our_broker():
    seen = []
    thread = threading.Thread(
        target=lambda: seen.append((current_app.main, sweep.app.conf.broker_url))
    )
    thread.start()
    thread.join()
    assert seen == [("controlroom", settings.CELERY_BROKER_URL)]


def test_a_process_that_only_serves_pages_knows_the_broker_too():
    """Start the web's own module in a fresh process: nothing there names Celery."""
    program = (
        "import controlroom.asgi, threading, celery\n"
        "thread = threading.Thread(target=lambda: print(celery.current_app.main))\n"
        "thread.start(); thread.join()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "controlroom"


def test_every_task_of_ours_can_be_sent():
    """Celery refuses, when it is sent, a task whose soft limit is above its hard one."""
    current_app.loader.import_default_modules()
    ours = [task for name, task in current_app.tasks.items() if not name.startswith("celery.")]
    assert len(ours) > 10
    for task in ours:
        hard = task.time_limit or settings.CELERY_TASK_TIME_LIMIT
        soft = task.soft_time_limit or settings.CELERY_TASK_SOFT_TIME_LIMIT
        assert soft <= hard, task.name
