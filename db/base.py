"""The base of all tables: naming convention, column types, keys and timestamps."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, cast
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Dialect, MetaData, Text, TypeDecorator, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column
from typing_extensions import override

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


# PostgreSQL stores neither NUL nor half a character. Whatever comes from the outside is cleaned
# where it comes in; this is the last place at which one of these could cost all that is around it.
_NOT_STORABLE = re.compile("[\\x00\\ud800-\\udfff]")


def storable(value: Any) -> Any:
    """Return text, or JSON with text in it, without characters that cannot be stored."""
    if isinstance(value, str):
        return _NOT_STORABLE.sub("", value)
    if isinstance(value, Mapping):
        members = cast("Mapping[Any, Any]", value).items()
        return {storable(name): storable(each) for name, each in members}
    if isinstance(value, list | tuple):
        return [storable(each) for each in cast("Sequence[Any]", value)]
    return value


class StorableText(TypeDecorator[str]):
    """Text, without characters that cannot be stored."""

    impl = Text
    cache_ok = True

    @override
    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return storable(value)


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """The base of all tables: Discord ids are `BIGINT`, times `timestamptz`, text `TEXT`."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        datetime: DateTime(timezone=True),
        str: StorableText,
        dict[str, Any]: JSONB,
    }


class Keyed(MappedAsDataclass, kw_only=True):
    """A table with a random UUID as its primary key."""

    id: Mapped[UUID] = mapped_column(
        primary_key=True, init=False, server_default=text("gen_random_uuid()")
    )


class Timestamped(MappedAsDataclass, kw_only=True):
    """A table with the times of creation and last update."""

    created_at: Mapped[datetime] = mapped_column(init=False, server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        init=False, server_default=func.now(), onupdate=func.now()
    )
