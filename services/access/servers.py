"""What moderators allow in their server: its policy, and the personalities that were let in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    ActivatedChannel,
    Admission,
    Board,
    BoardMember,
    Bringers,
    ChannelMode,
    Personality,
    PersonalityAlias,
    PersonalityOwner,
    ServerPolicy,
    SpokenAnswers,
    User,
    Visibility,
    VoiceMessages,
)
from db.session import Sessions
from services.access.admissions import admit, dismiss
from services.access.audit import log_action
from services.access.errors import (
    AccessDenied,
    AnswersOutOfRange,
    BringingForbidden,
    NotInServer,
    Reason,
)
from services.access.verdicts import is_own
from services.errors import ModeratorsOnly
from services.names import refuse_impersonation
from services.types import Actor

MAX_ANSWERS_PER_HOUR = 10_000


@dataclass(frozen=True, kw_only=True)
class Resident:
    """A personality that was let into a server; the Discord ids are None if nobody is known."""

    personality: Personality
    maker_id: int | None
    admitted_by: int | None


class ServerService:
    """Lets moderators decide what may speak in their server."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def policy(self, guild_id: int) -> ServerPolicy:
        """Return the policy of a server; without one of its own, the defaults."""
        async with self._sessions() as session:
            return await session.get(ServerPolicy, guild_id) or ServerPolicy(guild_id=guild_id)

    async def change(
        self,
        actor: Actor,
        guild_id: int,
        *,
        bring: Bringers | None = None,
        channel_mode: ChannelMode | None = None,
        add_channel: int | None = None,
        remove_channel: int | None = None,
        allows_public: bool | None = None,
        allows_age_restricted: bool | None = None,
        keeps_memories: bool | None = None,
        streams_answers: bool | None = None,
        voice_messages: VoiceMessages | None = None,
        spoken_answers: SpokenAnswers | None = None,
        time_zone: str | None = None,
        answers_per_hour: int | None = None,
    ) -> ServerPolicy:
        """Change the policy of a server; None keeps a value, 0 answers per hour is no limit.

        Raises:
            AnswersOutOfRange: There cannot be so many answers per hour.
            ModeratorsOnly: The actor does not moderate the whole server.
        """
        _require_moderator(actor)
        if answers_per_hour is not None and not 0 <= answers_per_hour <= MAX_ANSWERS_PER_HOUR:
            raise AnswersOutOfRange(MAX_ANSWERS_PER_HOUR)
        changes: dict[str, Any] = {
            name: value
            for name, value in (
                ("bring", bring),
                ("channel_mode", channel_mode),
                ("allows_public", allows_public),
                ("allows_age_restricted", allows_age_restricted),
                ("keeps_memories", keeps_memories),
                ("streams_answers", streams_answers),
                ("voice_messages", voice_messages),
                ("spoken_answers", spoken_answers),
                ("time_zone", time_zone),
            )
            if value is not None
        }
        if answers_per_hour is not None:
            changes["answers_per_hour"] = answers_per_hour or None
        async with self._sessions.begin() as session:
            policy = await _locked_policy(session, guild_id)
            channels = {*policy.channel_ids, *([add_channel] if add_channel else [])}
            channels.discard(remove_channel or 0)
            if channels != set(policy.channel_ids):
                changes["channel_ids"] = sorted(channels)
            for column, value in changes.items():
                setattr(policy, column, value)
            if changes:
                described = ", ".join(f"{name} = {value}" for name, value in changes.items())
                log_action(session, actor, "server settings", described, guild_id=guild_id)
            return policy

    async def bring(
        self,
        actor: Actor,
        guild_id: int,
        personality: Personality,
        *,
        members: Collection[str] = (),
    ) -> bool:
        """Let a personality into a server, where everyone may call it; False if it was in.

        `members` are names of people and roles there, which neither its name nor an alias may be.

        Raises:
            AccessDenied: It is private.
            BringingForbidden: The server's policy does not let the actor bring it.
            NameImpersonates: A name could be mistaken for somebody's.
        """
        async with self._sessions.begin() as session:
            policy = await session.get(ServerPolicy, guild_id) or ServerPolicy(guild_id=guild_id)
            owned = select(Personality.id).where(
                Personality.id == personality.id, is_own({actor.discord_id})
            )
            may_bring = {
                Bringers.EVERYONE: actor.moderates_server
                or await session.scalar(owned) is not None,
                Bringers.MODERATORS: actor.moderates_server,
                Bringers.NOBODY: False,
            }
            if not may_bring[Bringers(policy.bring)]:
                raise BringingForbidden(personality.name, Bringers(policy.bring))
            if personality.visibility == Visibility.PRIVATE:
                raise AccessDenied(Reason.PRIVATE, personality.name)
            aliases = select(PersonalityAlias.alias).where(
                PersonalityAlias.personality_id == personality.id
            )
            for name in (personality.name, *(await session.scalars(aliases))):
                refuse_impersonation(name, members)
            is_new = await admit(session, guild_id, personality.id, by=actor.discord_id)
            if is_new:
                log_action(session, actor, "brought", personality.name, guild_id=guild_id)
            return is_new

    async def forbid_tools(
        self, actor: Actor, guild_id: int, names: Collection[str]
    ) -> ServerPolicy:
        """Let personalities use no tools of these names in a server.

        Raises:
            ModeratorsOnly: The actor does not moderate the whole server.
        """
        _require_moderator(actor)
        async with self._sessions.begin() as session:
            policy = await _locked_policy(session, guild_id)
            policy.forbidden_tools = sorted(names)
            described = f"without {', '.join(policy.forbidden_tools)}" if names else "all"
            log_action(session, actor, "server tools", described, guild_id=guild_id)
            return policy

    async def residents(self, guild_id: int) -> Sequence[Resident]:
        """Return the personalities that were let into a server, by name."""
        async with self._sessions() as session:
            rows = await session.execute(
                select(Personality, User.discord_id, Admission.admitted_by)
                .join(Admission, Admission.personality_id == Personality.id)
                .outerjoin(User, User.id == Personality.maker_id)
                .where(Admission.guild_id == guild_id, Personality.deleted_at.is_(None))
                .order_by(func.lower(Personality.name), Personality.created_at)
            )
            return [
                Resident(personality=personality, maker_id=maker_id, admitted_by=admitted_by)
                for personality, maker_id, admitted_by in rows
            ]

    async def send_away(self, actor: Actor, guild_id: int, personality_id: UUID) -> Personality:
        """Take a personality out of a server, with its activated channels and boards there.

        Its makers may send it away, too.

        Raises:
            ModeratorsOnly: The actor neither moderates the server nor owns the personality.
            NotInServer: It was not let in.
        """
        async with self._sessions.begin() as session:
            personality = await session.get(Personality, personality_id)
            if personality is None:
                raise NotInServer
            own = exists().where(
                PersonalityOwner.personality_id == personality_id,
                PersonalityOwner.user_id == User.id,
                User.discord_id == actor.discord_id,
            )
            if not actor.moderates_server and not await session.scalar(select(own)):
                raise ModeratorsOnly
            if not await dismiss(session, guild_id, personality_id):
                raise NotInServer
            boards = select(Board.id).where(Board.guild_id == guild_id)
            for table, place in (
                (ActivatedChannel, ActivatedChannel.guild_id == guild_id),
                (BoardMember, BoardMember.board_id.in_(boards)),
            ):
                await session.execute(
                    delete(table).where(place, table.personality_id == personality_id)
                )
            log_action(session, actor, "sent away", personality.name, guild_id=guild_id)
            return personality


async def _locked_policy(session: AsyncSession, guild_id: int) -> ServerPolicy:
    await session.execute(insert(ServerPolicy).values(guild_id=guild_id).on_conflict_do_nothing())
    return await session.get_one(ServerPolicy, guild_id, with_for_update=True)


def _require_moderator(actor: Actor) -> None:
    if not actor.moderates_server:
        raise ModeratorsOnly
