"""State folders: private, held by one command at a time, short enough for sockets."""

import os
import stat

import pytest

from controlroom.runtime import environment, places
from controlroom.runtime.places import Busy, CannotRun, Places


def mode_of(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_may_enter_the_folders(tmp_path):
    where = Places(tmp_path / "state")
    where.create()
    for folder in (where.postgres, where.redis, where.app, where.log):
        assert mode_of(folder) == 0o700
    # As root, PostgreSQL's own account must pass through to its folder.
    assert mode_of(where.state) == (0o711 if os.geteuid() == 0 else 0o700)


def test_a_folder_of_somebody_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(CannotRun, match="another user"):
        Places(tmp_path).create()


def test_one_command_holds_the_folder_at_a_time(tmp_path):
    where = Places(tmp_path / "state")
    with where.held():
        where.announce(address="http://127.0.0.1:8000")
        with pytest.raises(Busy), Places(tmp_path / "state").held():
            pass
        assert where.announced()["address"] == "http://127.0.0.1:8000"
    assert where.announced() == {}
    with where.held():
        pass


def test_a_long_path_gets_a_short_private_folder_for_its_socket(tmp_path):
    deep = tmp_path / ("x" * 90)
    where = Places(deep)
    where.create()
    short = where.socket_folder(where.postgres)
    try:
        assert len(os.fsencode(short)) <= places.SOCKET_FOLDER_MAX_BYTES
        assert mode_of(short) == 0o700
        assert where.socket_folder(where.postgres) == short
    finally:
        where.remove()
    assert not short.exists()


def test_secrets_are_made_once_and_only_the_owner_reads_them(tmp_path):
    where = Places(tmp_path / "state")
    where.create()
    first = environment.kept_secrets(where)
    assert environment.kept_secrets(where) == first
    assert mode_of(where.secrets) == 0o600
    assert len(set(first.values())) == len(first)


def test_what_a_user_has_set_wins(tmp_path, monkeypatch):
    where = Places(tmp_path / "state")
    where.create()
    monkeypatch.setenv("CONTROLROOM_HTTPS", "true")
    monkeypatch.setenv("CONTROLROOM_SECRET_KEY_FILE", "/etc/controlroom/secret_key")
    monkeypatch.delenv("CONTROLROOM_SECRET_KEY", raising=False)
    monkeypatch.setenv("PGHOST", "elsewhere.example.org")
    env = environment.build(where, {"DATABASE_URL": "postgis://x@/y?host=/z"})
    assert env["CONTROLROOM_HTTPS"] == "true"
    assert "CONTROLROOM_SECRET_KEY" not in env
    assert "PGHOST" not in env
    assert env["DATABASE_URL"] == "postgis://x@/y?host=/z"
