"""Errors of opening the database."""


class AddressInvalid(ValueError):
    """The address of a database cannot be read. The message says why, without the address."""


class NoDatabase(Exception):
    """No `DATABASE_URL` is set and the embedded PostgreSQL is not installed."""


class FolderUnusable(Exception):
    """The data folder cannot be created or written. The message is one line that says why."""


class AlreadyRunning(Exception):
    """Another process uses this database, and only one may."""


class DatabaseUnreachable(Exception):
    """The database cannot be opened or migrated. The message is one line that says why."""
