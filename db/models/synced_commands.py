"""The last sync of the commands with Discord."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class SyncedCommands(Base, kw_only=True):
    """The digest of the command tree at its last sync, so that a restart costs no API call."""

    __tablename__ = "synced_commands"

    application_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    synced_at: Mapped[datetime] = mapped_column(
        init=False, server_default=func.now(), onupdate=func.now()
    )
