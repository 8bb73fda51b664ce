"""Chain the audit record: one SHA-256 chain per municipality, written by the database at commit.

In three steps, so that the chain's lock is the last of all locks of a transaction and held
shortest: a record's deferred trigger takes a turn; the turn's own deferred trigger, which is queued
only then, fires after every other deferred check of the transaction (foreign keys wait for rows
that others hold); it locks the chains concerned in the order of their ids, one after the other,
and links all records of the transaction. So numbers of a chain are in the order of commits and
without gaps, and two transactions cannot wait for each other here.

The functions act as the owner of the tables: the role of the application needs INSERT and SELECT on
the record, SELECT on the links and nothing else. audit_turn is empty between transactions.
The hash is built anew, without SQL, in controlroom/audit/digests.py.
"""

import django.core.validators
import django.db.models.deletion
import django.db.models.fields.json
from django.conf import settings
from django.db import migrations, models

CHAIN = r"""
CREATE UNLOGGED TABLE audit_turn (
  xact xid8 NOT NULL,
  record_id bigint NOT NULL,
  PRIMARY KEY (xact, record_id)
);

CREATE FUNCTION audit_part(value text) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN value IS NULL THEN '\xffffffff'::bytea
    ELSE int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8') END
$$;

CREATE FUNCTION audit_digest(
  previous bytea, chain int, number bigint, sealed_at timestamptz, r audit_record
) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN sha256(
    previous
    || audit_part(chain::text) || audit_part(number::text)
    || audit_part(extract(epoch FROM sealed_at)::text)
    || audit_part(r.id::text) || audit_part(r.municipality_id::text)
    || audit_part(extract(epoch FROM r.at)::text) || audit_part(r.actor_id::text)
    || audit_part(r.agent) || audit_part(r.action)
    || audit_part(r.subject_kind) || audit_part(r.subject_id)
    || audit_part(r.reason) || audit_part(r.detail::text)
  );
END $$;

CREATE FUNCTION audit_take_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  INSERT INTO audit_turn (xact, record_id) VALUES (pg_current_xact_id(), NEW.id);
  RETURN NULL;
END $$;

-- The chain's lock is an advisory one, 'audi' in ASCII and the chain: there is no row to change.
CREATE FUNCTION audit_chain_turns() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  r audit_record;
  head audit_chainlink;
  link audit_chainlink;
BEGIN
  FOR r IN
    SELECT a.* FROM audit_turn t JOIN audit_record a ON a.id = t.record_id
     WHERE t.xact = pg_current_xact_id()
     ORDER BY coalesce(a.municipality_id, 0), a.id
  LOOP
    link.chain := coalesce(r.municipality_id, 0);
    IF head.chain IS DISTINCT FROM link.chain THEN
      PERFORM pg_advisory_xact_lock(x'61756469'::int, link.chain);
      SELECT * INTO head FROM audit_chainlink l
       WHERE l.chain = link.chain ORDER BY l.number DESC LIMIT 1;
      IF NOT FOUND THEN
        head.number := 0;
        head.hash := sha256('controlroom audit chain 1');
      END IF;
    END IF;
    link.record_id := r.id;
    link.number := head.number + 1;
    link.previous := head.hash;
    link.sealed_at := clock_timestamp();
    link.hash := audit_digest(link.previous, link.chain, link.number, link.sealed_at, r);
    INSERT INTO audit_chainlink (record_id, chain, number, previous, hash, sealed_at)
      VALUES (link.record_id, link.chain, link.number, link.previous, link.hash, link.sealed_at);
    head := link;
  END LOOP;
  DELETE FROM audit_turn WHERE xact = pg_current_xact_id();
END $$;

CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM audit_chainlink l WHERE l.record_id = NEW.record_id) THEN
    PERFORM audit_chain_turns();
    IF NOT EXISTS (SELECT FROM audit_chainlink l WHERE l.record_id = NEW.record_id) THEN
      RAISE EXCEPTION 'audit_record % could not be chained', NEW.record_id
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  END IF;
  RETURN NULL;
END $$;

-- Nobody's search_path decides which tables these functions write to.
DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['audit_take_turn()', 'audit_chain()'] LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', name,
                   current_schema());
  END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION
  audit_take_turn(), audit_chain(), audit_chain_turns(), audit_part(text),
  audit_digest(bytea, int, bigint, timestamptz, audit_record) FROM PUBLIC;

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% rows are only added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_chainlink_insert_only BEFORE UPDATE OR DELETE ON audit_chainlink
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_chainlink_no_truncate BEFORE TRUNCATE ON audit_chainlink
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_review_insert_only BEFORE UPDATE OR DELETE ON audit_review
  FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_review_no_truncate BEFORE TRUNCATE ON audit_review
  FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

-- What stands already, in the order in which it was written.
INSERT INTO audit_turn (xact, record_id) SELECT pg_current_xact_id(), id FROM audit_record;
SELECT audit_chain_turns();

CREATE CONSTRAINT TRIGGER audit_record_takes_turn AFTER INSERT ON audit_record
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_take_turn();
CREATE CONSTRAINT TRIGGER audit_turn_chains AFTER INSERT ON audit_turn
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION audit_chain();
"""
UNCHAIN = """
DROP TRIGGER audit_record_takes_turn ON audit_record;
DROP TABLE audit_turn;
DROP TRIGGER audit_chainlink_insert_only ON audit_chainlink;
DROP TRIGGER audit_chainlink_no_truncate ON audit_chainlink;
DROP TRIGGER audit_review_insert_only ON audit_review;
DROP TRIGGER audit_review_no_truncate ON audit_review;
DROP FUNCTION audit_refuse_change();
DROP FUNCTION audit_take_turn();
DROP FUNCTION audit_chain();
DROP FUNCTION audit_chain_turns();
DROP FUNCTION audit_digest(bytea, int, bigint, timestamptz, audit_record);
DROP FUNCTION audit_part(text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0002_insert_only"),
        ("municipalities", "0004_membership_label"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="ChainLink",
            fields=[
                ("record", models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name="link", serialize=False, to="audit.record")),
                ("chain", models.IntegerField()),
                ("number", models.BigIntegerField()),
                ("previous", models.BinaryField()),
                ("hash", models.BinaryField()),
                ("sealed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("chain", "number"), name="link_number_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ChainState",
            fields=[
                ("chain", models.IntegerField(primary_key=True, serialize=False)),
                ("anchored_number", models.BigIntegerField(default=0, verbose_name="last exported number")),
                ("anchored_at", models.DateTimeField(null=True, verbose_name="last exported")),
                ("verified_number", models.BigIntegerField(default=0, verbose_name="last verified number")),
                ("verified_at", models.DateTimeField(null=True, verbose_name="last verified")),
                ("fault", models.CharField(blank=True, max_length=300, verbose_name="fault")),
            ],
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.CharField(help_text="a month that is over, as 2026-11", max_length=7, validators=[django.core.validators.RegexValidator("^20\\d\\d-(0[1-9]|1[0-2])$", "a month, as 2026-11")], verbose_name="month")),
                ("at", models.DateTimeField(auto_now_add=True, verbose_name="signed off")),
                ("findings", models.TextField(help_text="what was looked at and what was found; also that nothing was found", verbose_name="findings")),
                ("counted", models.JSONField(default=dict, verbose_name="records by action")),
                ("chain_number", models.BigIntegerField(verbose_name="number of the chain")),
                ("municipality", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="municipalities.municipality", verbose_name="municipality")),
                ("reviewer", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="reviewer")),
            ],
            options={
                "verbose_name": "access review",
                "verbose_name_plural": "access reviews",
                "ordering": ["-month", "-pk"],
            },
        ),
        migrations.AlterField(
            model_name="record",
            name="municipality",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="municipalities.municipality", verbose_name="municipality"),
        ),
        migrations.AlterField(
            model_name="record",
            name="actor",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL, verbose_name="person"),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(fields=["subject_kind", "subject_id"], name="record_by_subject"),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(django.db.models.fields.json.KeyTextTransform("incident", "detail"), name="record_by_incident"),
        ),
        migrations.RunSQL(CHAIN, UNCHAIN),
    ]
