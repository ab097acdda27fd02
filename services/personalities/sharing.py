"""What a personality has done outside of a conversation and may mention: photos, boards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, false
from sqlalchemy.ext.asyncio import AsyncSession

from services.types import Channel


@dataclass(frozen=True, kw_only=True)
class SharedPhoto:
    """A posted photo: when and where, its caption, and what it shows."""

    posted_at: datetime
    location: str
    caption: str
    alt_text: str


class SharedPhotos(Protocol):
    """Finds such photos. The feature that posts them is wired in; without it there are none."""

    async def __call__(
        self, session: AsyncSession, personality_id: UUID, *, guild_id: int | None, channel_id: int
    ) -> Sequence[SharedPhoto]:
        """Return what may be mentioned in a channel, oldest first."""
        ...


async def no_shared_photos(
    session: AsyncSession,  # noqa: ARG001 - as the protocol says
    personality_id: UUID,  # noqa: ARG001
    *,
    guild_id: int | None,  # noqa: ARG001
    channel_id: int,  # noqa: ARG001
) -> Sequence[SharedPhoto]:
    """Return nothing: no feature posts photos."""
    return ()


@dataclass(frozen=True, kw_only=True)
class BoardAct:
    """A post on a board, and what was last answered; or an answer `to` somebody, and `about` what.

    All texts are as they were written, by people or personalities.
    """

    acted_at: datetime
    text: str
    to: str = ""
    about: str = ""
    answered_by: str = ""
    answer: str = ""


class BoardActs(Protocol):
    """Finds such acts. The engine is wired in; without it there are none."""

    async def __call__(
        self, session: AsyncSession, personality_id: UUID, *, channel: Channel
    ) -> Sequence[BoardAct]:
        """Return what may be mentioned in a channel, the newest first."""
        ...


async def no_board_acts(
    session: AsyncSession,  # noqa: ARG001 - as the protocol says
    personality_id: UUID,  # noqa: ARG001
    *,
    channel: Channel,  # noqa: ARG001
) -> Sequence[BoardAct]:
    """Return nothing: nobody acts on boards."""
    return ()


# Whether a personality has done anything of the kind, as a condition in another query, in which its
# id is a term.
Exists: TypeAlias = Callable[[Any], ColumnElement[bool]]


def _nothing(_: Any) -> ColumnElement[bool]:
    return false()


@dataclass(frozen=True)
class ActsElsewhere:
    """How is found what a personality may mention; nothing is looked for where nothing exists."""

    shared_photos: SharedPhotos = no_shared_photos
    has_shared: Exists = _nothing
    board_acts: BoardActs = no_board_acts
    has_board_acts: Exists = _nothing
