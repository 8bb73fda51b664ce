"""Let the database itself refuse to edit or remove what the journal has said."""

from django.db import migrations

PROTECT = """
CREATE FUNCTION journal_entry_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'journal entries are never changed or removed (% on %)', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER journal_entry_no_edit BEFORE UPDATE OR DELETE ON journal_entry
    FOR EACH ROW EXECUTE FUNCTION journal_entry_is_final();
CREATE TRIGGER journal_entry_no_truncate BEFORE TRUNCATE ON journal_entry
    FOR EACH STATEMENT EXECUTE FUNCTION journal_entry_is_final();
"""
RELEASE = """
DROP TRIGGER journal_entry_no_truncate ON journal_entry;
DROP TRIGGER journal_entry_no_edit ON journal_entry;
DROP FUNCTION journal_entry_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("journal", "0001_initial")]

    operations = [migrations.RunSQL(PROTECT, RELEASE)]
