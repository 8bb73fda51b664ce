"""Janus beside us: no two of a machine take the same ports."""

import pytest

from controlroom.runtime import webrtc
from controlroom.runtime.places import CannotRun


def test_a_range_of_ports_belongs_to_one_process(monkeypatch):
    monkeypatch.setattr(webrtc, "CHOICES", 2)
    monkeypatch.setattr(webrtc, "FIRST_PORT", 31_600)
    choose = webrtc.first_port.__wrapped__
    assert {choose(), choose()} == {31_600, 31_600 + webrtc.PORTS}
    with pytest.raises(CannotRun):
        choose()
