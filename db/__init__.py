"""The database: tables, sessions, the embedded server."""
