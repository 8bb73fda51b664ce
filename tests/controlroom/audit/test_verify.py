"""Whatever is done to the record behind the application's back is found, and said where."""

import base64

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from controlroom.audit import anchors, chain
from controlroom.audit.digests import GENESIS
from controlroom.audit.models import ChainLink, ChainState, Record
from controlroom.audit.verify import Anchored, verify
from controlroom.audit.walking import Fault

pytestmark = pytest.mark.django_db

# The seed of tests/settings.py.
KEY = b"only-for-tests-01234567890123456"
# Words that a text form could trip over: NULL beside "", Hangul, quotes, numbers of JSON.
DETAIL = {"길": '한빛로 "1"\\n\t', "n": [1, 2.50, -0.0, 1e30, None, True], "aa": {"b": "", "a": {}}}


def write(city, count: int = 1) -> None:
    """Write so many records, each in a commit of its own."""
    for number in range(count):
        chain.record(
            action="viewed",
            subject_kind="camera",
            subject_id=number,
            municipality_id=city.pk if city else None,
            reason="",
            detail=DETAIL,
        )
        chain_now()


def chain_now() -> None:
    """Let what a commit does happen in the test's own transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def records(city) -> list[int]:
    """Five records of the city; give their ids."""
    write(city, 5)
    return list(Record.objects.order_by("pk").values_list("pk", flat=True))


@pytest.fixture
def anchor(settings, tmp_path):
    """Export every head, as the auditor does; give the file."""
    path = tmp_path / "anchors.jsonl"

    def export(seed: bytes = settings.AUDIT_KEY):
        heads = anchors.heads().values()
        with path.open("a", encoding="utf-8") as file:
            file.write(anchors.write(heads=heads, at=timezone.now(), seed=seed) + "\n")
        return path

    return export


def as_superuser(*statements: str) -> None:
    """Do what nobody should, with every trigger asleep."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET LOCAL session_replication_role = origin")


def found(path=None) -> list[tuple[Fault, int, int]]:
    anchored = Anchored()
    if path:
        anchored.take(path, [anchors.public_key(KEY)])
    reports = list(verify(anchored=anchored))
    anchored.close()
    return [(one.fault, one.first, one.last) for report in reports for one in report.told]


def reseal(after: int) -> str:
    """Say the SQL that hashes every link of the city anew from a number on, as a forger would."""
    return f"""
    DO $$ DECLARE l audit_chainlink; head bytea; r audit_record; BEGIN
      SELECT hash INTO head FROM audit_chainlink WHERE chain <> 0 AND number = {after};
      FOR l IN SELECT * FROM audit_chainlink WHERE chain <> 0 AND number > {after} ORDER BY number
      LOOP
        SELECT * INTO r FROM audit_record WHERE id = l.record_id;
        head := coalesce(head, sha256('controlroom audit chain 1'));
        UPDATE audit_chainlink SET previous = head,
          hash = audit_digest(head, l.chain, l.number, l.sealed_at, r)
          WHERE record_id = l.record_id RETURNING hash INTO head;
      END LOOP;
    END $$"""


def test_an_untouched_record_is_whole(city, other_city, anchor):
    write(city, 3)
    write(None, 2)
    write(other_city, 2)
    write(city)
    assert found(anchor()) == []
    assert list(ChainLink.objects.order_by("chain", "number").values_list("chain", "number")) == [
        *((0, number) for number in (1, 2)),
        *((city.pk, number) for number in (1, 2, 3, 4)),
        *((other_city.pk, number) for number in (1, 2)),
    ]
    assert bytes(ChainLink.objects.get(chain=0, number=1).previous) == GENESIS


@pytest.mark.parametrize(
    "change",
    [
        "reason = 'x'",
        "detail = detail || '{\"n\": 1}'",
        "detail = detail - 'n'",
        "at = at + interval '1 microsecond'",
        "at = 'infinity'",
        "actor_id = 1",
        "subject_id = subject_id || ' '",
        "agent = NULL",
    ],
)
def test_an_altered_record_is_found(records, change):
    as_superuser(
        "ALTER TABLE audit_record ALTER COLUMN agent DROP NOT NULL",
        f"UPDATE audit_record SET {change} WHERE id = {records[2]}",
    )
    assert found() == [(Fault.ALTERED, 3, 3)]
    as_superuser(
        "UPDATE audit_record SET agent = '' WHERE agent IS NULL",
        "ALTER TABLE audit_record ALTER COLUMN agent SET NOT NULL",
    )


def test_a_record_given_to_another_city_is_found(records, other_city):
    as_superuser(
        f"UPDATE audit_record SET municipality_id = {other_city.pk} WHERE id = {records[0]}"
    )
    assert found() == [(Fault.ALTERED, 1, 1), (Fault.MISPLACED, 1, 1)]


def test_a_deleted_record_is_found(records):
    as_superuser(f"DELETE FROM audit_record WHERE id = {records[1]}")
    assert found() == [(Fault.RECORD_GONE, 2, 2)]


def test_a_record_deleted_with_its_link_is_found(records):
    as_superuser(
        f"DELETE FROM audit_record WHERE id IN ({records[1]}, {records[2]})",
        "DELETE FROM audit_chainlink WHERE number IN (2, 3)",
    )
    assert found() == [(Fault.MISSING, 2, 3)]


def test_a_deleted_link_is_found(records):
    as_superuser("DELETE FROM audit_chainlink WHERE number = 5")
    assert found() == [(Fault.UNCHAINED, 0, 0)]


def test_a_record_inserted_past_the_triggers_is_found(records, city):
    as_superuser(
        "INSERT INTO audit_record (municipality_id, at, agent, action, subject_kind, subject_id,"
        f" reason, detail) VALUES ({city.pk}, now(), '', 'viewed', 'camera', '1', '', '{{}}')"
    )
    assert found() == [(Fault.UNCHAINED, 0, 0)]


def test_a_record_inserted_in_the_middle_with_a_link_is_found(records, city):
    as_superuser(
        "UPDATE audit_chainlink SET number = number + 1 WHERE number = 5",
        "UPDATE audit_chainlink SET number = number + 1 WHERE number = 4",
        "INSERT INTO audit_record (id, municipality_id, at, agent, action, subject_kind,"
        f" subject_id, reason, detail) VALUES (99999999, {city.pk}, now(), '', 'viewed', 'camera',"
        " '1', '', '{}')",
        "INSERT INTO audit_chainlink SELECT 99999999, chain, 4, hash,"
        " sha256('forged'), sealed_at FROM audit_chainlink WHERE number = 3",
    )
    assert found() == [
        (Fault.ALTERED, 4, 4),
        (Fault.BROKEN, 5, 5),
        (Fault.ALTERED, 5, 5),
        (Fault.ALTERED, 6, 6),
    ]


def test_a_cut_tail_is_found_by_the_anchor_alone(records, anchor):
    path = anchor()
    as_superuser(
        f"DELETE FROM audit_record WHERE id >= {records[3]}",
        "DELETE FROM audit_chainlink WHERE number >= 4",
    )
    assert found() == []
    assert found(path) == [(Fault.CUT, 4, 5)]


def test_a_tail_that_was_cut_and_grew_again_is_found(records, city, anchor):
    path = anchor()
    as_superuser(
        f"DELETE FROM audit_record WHERE id = {records[4]}",
        "DELETE FROM audit_chainlink WHERE number = 5",
    )
    write(city, 2)
    assert found(path) == [(Fault.REWRITTEN, 5, 5)]


def test_a_whole_chain_that_is_gone_is_found(records, anchor):
    path = anchor()
    as_superuser("DELETE FROM audit_record", "DELETE FROM audit_chainlink")
    assert found(path) == [(Fault.CUT, 1, 5)]


def test_a_chain_rewritten_with_right_hashes_is_found_by_the_anchor_alone(records, city, anchor):
    """Also when a later, genuine anchor covers the rewritten chain."""
    path = anchor()
    as_superuser(f"UPDATE audit_record SET reason = 'x' WHERE id = {records[1]}", reseal(after=1))
    write(city)
    anchor()
    assert found() == []
    assert found(path) == [(Fault.REWRITTEN, 5, 5)]


def test_an_anchor_of_an_unknown_key_counts_for_nothing(records, anchor, capsys):
    path = anchor(seed=b"x" * 32)
    with path.open("a", encoding="utf-8") as file:
        file.write(
            '{"at": "2026-01-01", "heads": [], "key": "0", "signature": "!"}\n[]\nnonsense\n'
        )
    anchored = Anchored()
    anchored.take(path, [anchors.public_key(KEY)])
    assert (anchored.lines, anchored.forged, anchored.chains()) == (4, 4, set())
    anchored.close()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_command_says_what_is_wrong_and_ends_with_one(records, city, anchor, capsys, language):
    path = anchor()
    as_superuser(f"UPDATE audit_record SET reason = 'x' WHERE id = {records[1]}")
    with pytest.raises(SystemExit) as ending:
        call_command("verify_audit", anchor=[path], language=language)
    assert ending.value.code == 1
    said = capsys.readouterr().out
    assert str(records[1]) in said
    assert ("변조" in said, "was altered" in said) == (language == "ko", language == "en")
    assert ChainState.objects.get(chain=city.pk).fault == "altered"


def test_the_command_ends_well_for_a_whole_record(records, city, anchor, capsys):
    key = base64.b64encode(anchors.public_key(KEY)).decode()
    call_command(
        "verify_audit", anchor=[anchor()], public_key=[key], municipality=city.code, language="en"
    )
    assert "The audit record is whole." in capsys.readouterr().out
    state = ChainState.objects.get(chain=city.pk)
    assert (state.verified_number, state.fault) == (5, "")


def test_what_the_anchors_showed_is_not_forgiven_without_them(records, city, anchor, capsys):
    path = anchor()
    as_superuser(
        f"DELETE FROM audit_record WHERE id = {records[4]}",
        "DELETE FROM audit_chainlink WHERE number = 5",
    )
    with pytest.raises(SystemExit):
        call_command("verify_audit", anchor=[path])
    call_command("verify_audit", municipality=city.code)
    assert ChainState.objects.get(chain=city.pk).fault == "cut"


@pytest.mark.parametrize(
    "wrong", [{"municipality": "00000"}, {"public_key": ["?"]}, {"public_key": ["YQ=="]}]
)
def test_what_cannot_be_verified_ends_with_two(city, wrong):
    with pytest.raises(CommandError) as refusal:
        call_command("verify_audit", **wrong)
    assert refusal.value.returncode == 2
