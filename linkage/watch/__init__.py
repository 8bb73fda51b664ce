"""The auditor: looks for what everybody else missed, with PostgreSQL and HTTP alone."""
