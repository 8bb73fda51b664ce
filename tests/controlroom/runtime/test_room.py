"""Where the web process listens, and what a machine is told before anything is installed."""

import socket

import pytest

from controlroom.runtime import debian, room
from controlroom.runtime.debian import Wanted
from controlroom.runtime.places import CannotRun


@pytest.fixture
def taken():
    with socket.socket() as other:
        other.bind((room.HOST, 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_was_asked_for_and_is_taken_is_refused(taken):
    with pytest.raises(CannotRun, match=f"port {taken} is taken"):
        room.listen(taken)


def test_without_a_wish_the_next_free_port_is_taken(taken, monkeypatch):
    monkeypatch.setattr(room, "FIRST_PORT", taken)
    with room.listen(None) as listener:
        assert listener.getsockname()[1] > taken
        assert room.address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_machine_that_lacks_nothing_hears_nothing(capsys):
    debian.provide(Wanted(postgres=False, redis=False, venv=False, browser=False))
    assert capsys.readouterr().out == ""


def test_a_machine_without_apt_is_told_what_it_lacks(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(debian, "find_postgres", list)
    with pytest.raises(CannotRun, match="PostgreSQL with PostGIS, Redis"):
        debian.provide(Wanted(venv=False))
    assert "lacks PostgreSQL with PostGIS, Redis" in capsys.readouterr().out


def test_an_ordinary_user_without_sudo_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(debian.os, "geteuid", lambda: 1000)
    with pytest.raises(CannotRun, match="sudo"):
        debian.privilege()
