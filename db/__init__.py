"""The database: tables, sessions, migrations and the embedded server."""
