"""What vision models have seen in pictures."""

from datetime import datetime

from sqlalchemy import UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Keyed


class PictureDescription(Keyed, Base, kw_only=True):
    """What a model has seen in a picture, known by the SHA-256 of its file; null: it refused.

    It is nobody's: whoever has the picture has the description.
    """

    __tablename__ = "picture_descriptions"
    __table_args__ = (UniqueConstraint("digest", "model"),)

    digest: Mapped[str]
    model: Mapped[str]
    description: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now(), index=True)
