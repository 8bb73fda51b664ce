"""The audit record refuses change: triggers, so that no code path can forget it."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION audit_record_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit_record rows are only added' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_record_insert_only BEFORE UPDATE OR DELETE ON audit_record
  FOR EACH ROW EXECUTE FUNCTION audit_record_refuse_change();
CREATE TRIGGER audit_record_no_truncate BEFORE TRUNCATE ON audit_record
  FOR EACH STATEMENT EXECUTE FUNCTION audit_record_refuse_change();
"""
ALLOW = """
DROP TRIGGER audit_record_no_truncate ON audit_record;
DROP TRIGGER audit_record_insert_only ON audit_record;
DROP FUNCTION audit_record_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
