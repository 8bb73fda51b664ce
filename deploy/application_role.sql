-- The role that the application works as: it may add to what is only ever added, and not change it.
-- Run as the owner of the tables (who migrates), once after the first migration and again after each:
--   psql "$OWNER_URL" -v ON_ERROR_STOP=1 -f deploy/application_role.sql
-- The role itself is made before, by a superuser:  CREATE ROLE controlroom_app LOGIN PASSWORD '...';
-- Then DATABASE_URL of the web, worker, beat and auditor processes names this role, and only
-- `manage.py migrate` is run as the owner. tests/controlroom/audit/test_role.py runs this very file.
BEGIN;
GRANT USAGE ON SCHEMA public TO controlroom_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO controlroom_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO controlroom_app;

-- The audit record and its reviews: add and read.
REVOKE UPDATE, DELETE ON audit_record, audit_review FROM controlroom_app;
-- Its chain: read. Links are written by the database, in the commit of the records.
REVOKE INSERT, UPDATE, DELETE ON audit_chainlink FROM controlroom_app;
REVOKE ALL ON audit_turn FROM controlroom_app;
-- The register of provision and its corrections: add and read.
REVOKE UPDATE, DELETE ON linkage_provisionentry, linkage_provisioncorrection FROM controlroom_app;
-- The journal, the history of incidents, the reports: add and read.
REVOKE UPDATE, DELETE ON journal_entry, incidents_incidentevent, incidents_report FROM controlroom_app;
COMMIT;
