"""A scratch database beside the configured one, migrated, and dropped at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

import django
import psycopg
from psycopg import sql


@contextmanager
def scratch_database(purpose: str, *, migrated: bool = True) -> Iterator[None]:
    """Make `bench_<purpose>_<pid>`, point DATABASE_URL and Django to it, drop it afterwards.

    To be entered before anything of the project is imported.
    """
    url = urlsplit(os.environ["DATABASE_URL"])
    name = f"bench_{purpose}_{os.getpid()}"
    query = {key: values[-1] for key, values in parse_qs(url.query).items()}
    with psycopg.connect(
        dbname=unquote(url.path.lstrip("/")),
        user=unquote(url.username or "") or None,
        password=unquote(url.password or "") or None,
        host=query.get("host", url.hostname),
        port=query.get("port", url.port),
        autocommit=True,
    ) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        os.environ["DATABASE_URL"] = urlunsplit(url._replace(path=f"/{name}"))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "controlroom.settings")
        try:
            django.setup()
            if migrated:
                _migrate()
            yield
        finally:
            _close()
            admin.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def _migrate() -> None:
    from django.core.management import call_command  # noqa: PLC0415 - after django.setup

    call_command("migrate", verbosity=0)


def _close() -> None:
    from django.db import connections  # noqa: PLC0415 - after django.setup

    connections.close_all()
    for connection in connections.all():
        if getattr(connection, "pool", None):
            connection.close_pool()
