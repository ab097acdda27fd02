"""What can go wrong before there is a database."""


class NoDatabase(Exception):
    """No `DATABASE_URL` is set and the embedded PostgreSQL is not installed."""


class DatabaseUnreachable(Exception):
    """The database cannot be opened or changed. The message is one line that says why."""
