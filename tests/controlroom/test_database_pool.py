"""The pool of connections serves as soon as the database does, however long it was gone."""

from pathlib import Path

import psycopg_pool
import pytest
from django.db import connection

from controlroom import settings as product
from tests.live.conftest import until

NAME = ".s.PGSQL.{port}"


@pytest.mark.live
@pytest.mark.django_db
def test_a_pool_whose_database_was_gone_serves_as_soon_as_it_is_back(tmp_path):
    at = connection.settings_dict
    if not str(at["HOST"]).startswith("/"):
        pytest.skip("the database listens on no socket of this machine")
    port = at["PORT"] or 5432
    address = f"host={tmp_path} port={port} user={at['USER']} dbname={at['NAME']}"
    with psycopg_pool.ConnectionPool(address, open=True, **product.DATABASE_POOL) as pool:
        # It has given up: an outage that lasts longer changes nothing any more.
        until(lambda: pool.get_stats()["pool_size"] == 0, within_s=20)
        name = NAME.format(port=port)
        (tmp_path / name).symlink_to(Path(at["HOST"]) / name)
        with pool.connection() as found:
            assert found.execute("SELECT 1").fetchone() == (1,)
