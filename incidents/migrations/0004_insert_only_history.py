"""The timeline and the reports as received refuse change: triggers no code path can forget."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION incidents_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% rows are only added', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER incidents_event_insert_only BEFORE UPDATE OR DELETE ON incidents_incidentevent
  FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
CREATE TRIGGER incidents_report_insert_only BEFORE UPDATE OR DELETE ON incidents_report
  FOR EACH ROW EXECUTE FUNCTION incidents_refuse_change();
"""
ALLOW = """
DROP TRIGGER incidents_report_insert_only ON incidents_report;
DROP TRIGGER incidents_event_insert_only ON incidents_incidentevent;
DROP FUNCTION incidents_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0003_escalation")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
