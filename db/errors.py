"""What can go wrong before there is a database."""


class NoDatabase(Exception):
    """No `DATABASE_URL` is set and the embedded PostgreSQL is not installed."""


class FolderUnusable(Exception):
    """The data folder cannot be made or written. The message is one line that says why."""


class AlreadyRuns(Exception):
    """Another process has this database, and there may be only one."""


class DatabaseUnreachable(Exception):
    """The database cannot be opened or changed. The message is one line that says why."""
