"""Keys of vendors that users have brought."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Numeric, func, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed


class ApiKey(Keyed, Base, kw_only=True):
    """A key of a vendor, encrypted: for its owner's own requests, or for everyone in a server.

    `sealed` is what `services.keys.Vault` made of it. `base_url` and `model` are those of a vendor
    without an address of its own. `for_acts` lets the owner's personalities use it by themselves.
    `budget_usd` is what 24 hours may cost in a server. `failed_at` is since when the vendor refuses
    it.
    """

    __tablename__ = "api_keys"
    __table_args__ = (
        CheckConstraint("(guild_id IS NULL) = (budget_usd IS NULL)", name="budget_of_server"),
        Index(
            "uq_api_keys_owner_id_vendor",
            *("owner_id", "vendor"),
            unique=True,
            postgresql_where=text("guild_id IS NULL"),
        ),
        Index(
            "uq_api_keys_guild_id_vendor",
            *("guild_id", "vendor"),
            unique=True,
            postgresql_where=text("guild_id IS NOT NULL"),
        ),
        Index("ix_api_keys_owner_id", "owner_id"),
    )

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    guild_id: Mapped[int | None] = mapped_column(default=None)
    vendor: Mapped[str]
    base_url: Mapped[str | None] = mapped_column(default=None)
    model: Mapped[str | None] = mapped_column(default=None)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
    for_acts: Mapped[bool] = mapped_column(default=False, server_default="false")
    budget_usd: Mapped[float | None] = mapped_column(Numeric(12, 4, asdecimal=False), default=None)
    failed_at: Mapped[datetime | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())


class KeyCheck(Base, kw_only=True):
    """One row, which only the secret opens that the stored keys were sealed with."""

    __tablename__ = "key_checks"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=1)
    sealed: Mapped[bytes] = mapped_column(LargeBinary, repr=False)
