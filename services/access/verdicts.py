"""The decision who may do what where, as one SQL expression that rides in another query.

A verdict is null where nothing forbids it, else the first reason: a block of the operator, of the
server's moderators, of the maker; then a rule of the server.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    any_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    ActivatedChannel,
    Admission,
    Block,
    BlockLevel,
    BlockTarget,
    Bringers,
    Callers,
    ChannelMode,
    ChannelSettings,
    ConversationLine,
    Personality,
    PersonalityOwner,
    Role,
    ServerPolicy,
    User,
    Visibility,
)
from services.access.errors import Reason
from services.access.situations import (
    AnySituation,
    Situation,
    SituationTerms,
    array_of,
    targets_of,
    terms_of,
)
from services.types import IncomingMessage

_MUTED = "muted"
_HOUR = timedelta(hours=1)


# Blocks of a person concern everything that they say, not only one personality.
_REASONS = {
    (BlockLevel.OPERATOR, BlockTarget.USER): Reason.OPERATOR_USER,
    (BlockLevel.OPERATOR, BlockTarget.SERVER): Reason.OPERATOR_SERVER,
    (BlockLevel.SERVER, BlockTarget.USER): Reason.SERVER_USER,
    (BlockLevel.SERVER, BlockTarget.ROLE): Reason.SERVER_ROLE,
    (BlockLevel.SERVER, BlockTarget.CHANNEL): Reason.SERVER_CHANNEL,
    (BlockLevel.SERVER, BlockTarget.PERSONALITY): Reason.SERVER_PERSONALITY,
    (BlockLevel.MAKER, BlockTarget.USER): Reason.MAKER_USER,
}


@dataclass(frozen=True)
class Verdict:
    """Why somebody gets no answer; a muted person is still heard."""

    reason: Reason
    is_mute: bool = False

    @classmethod
    def parse(cls, text: str | None) -> "Verdict | None":
        """Return the verdict that an expression of this module has found."""
        if text is None:
            return None
        reason, _, muted = text.partition("|")
        return cls(Reason(reason), muted == _MUTED)


def person_verdict(situation: AnySituation) -> ColumnElement[str | None]:
    """Return whether a person gets answers here at all, whatever the personality."""
    matches = _blocks_of_person(terms_of(situation))
    return _first_block(or_(*matches)) if matches else cast(null(), Text)


def personality_verdict(situation: AnySituation) -> ColumnElement[str | None]:
    """Return whether a person may call the personality of the enclosing query here."""
    terms = terms_of(situation)
    matches = [
        *_blocks_of_person(terms),
        and_(
            Block.level == BlockLevel.MAKER,
            Block.maker_id == Personality.maker_id,
            Block.target_id == any_(terms.accounts),
        ),
    ]
    if terms.in_server:
        matches.append(
            and_(
                Block.level == BlockLevel.SERVER,
                Block.guild_id == terms.guild,
                Block.personality_id == Personality.id,
            )
        )
    return func.coalesce(_first_block(or_(*matches)), _place_verdict(terms))


async def blocked_accounts(
    session: AsyncSession, account_ids: Collection[int], guild_id: int | None
) -> frozenset[int]:
    """Return those of some accounts that are blocked, not muted, in a server or everywhere."""
    where = Block.level == BlockLevel.OPERATOR
    if guild_id is not None:
        where = or_(where, and_(Block.level == BlockLevel.SERVER, Block.guild_id == guild_id))
    rows = await session.scalars(
        select(Block.target_id).where(
            where,
            Block.target == BlockTarget.USER,
            Block.target_id.in_(account_ids),
            ~Block.is_mute,
            or_(Block.ends_at.is_(None), Block.ends_at > func.now()),
        )
    )
    return frozenset(each for each in rows if each is not None)


async def who_is_heard(session: AsyncSession, messages: Sequence[IncomingMessage]) -> list[bool]:
    """Return of each message whether it is heard: no block, but a mute, forbids it to its author.

    The messages are of one server.
    """
    if not messages:
        return []
    guild_id = messages[0].channel.guild_id
    situations = [Situation.of(each.author, each.channel) for each in messages]
    targets = [targets_of(each) for each in situations]
    operator, server = Block.level == BlockLevel.OPERATOR, Block.level == BlockLevel.SERVER
    rows = await session.execute(
        select(Block.level, Block.target_id).where(
            or_(operator, and_(server, Block.guild_id == guild_id)),
            Block.target_id.in_({guild_id}.union(*targets)),
            ~Block.is_mute,
            or_(Block.ends_at.is_(None), Block.ends_at > func.now()),
        )
    )
    blocked: dict[str, set[int | None]] = {BlockLevel.OPERATOR: set(), BlockLevel.SERVER: set()}
    for level, target_id in rows:
        blocked[level].add(target_id)
    return [
        blocked[BlockLevel.OPERATOR].isdisjoint({guild_id, *situation.account_ids})
        and blocked[BlockLevel.SERVER].isdisjoint(of_author)
        for situation, of_author in zip(situations, targets, strict=True)
    ]


def keeps_memories(situation: AnySituation) -> ColumnElement[bool]:
    """Return whether what is said in this place may be remembered."""
    return ~exists().where(
        ServerPolicy.guild_id == terms_of(situation).guild, ~ServerPolicy.keeps_memories
    )


def streams_answers(situation: AnySituation) -> ColumnElement[bool]:
    """Return whether answers in this place may be shown while they are written."""
    return ~exists().where(
        ServerPolicy.guild_id == terms_of(situation).guild, ~ServerPolicy.streams_answers
    )


def is_in_scope(situation: AnySituation) -> ColumnElement[bool]:
    """Return whether the name of the personality of the enclosing query means anything here.

    In a server: those that were let in, the person's own, and public ones if the server allows
    them. In a DM: the person's own and all that are not private.
    """
    terms = terms_of(situation)
    own = is_own(terms.accounts)
    if not terms.in_server:
        return or_(own, Personality.visibility != Visibility.PRIVATE)
    refuses_public = exists().where(
        ServerPolicy.guild_id == terms.guild, ~ServerPolicy.allows_public
    )
    public = and_(Personality.visibility == Visibility.PUBLIC, ~refuses_public)
    return or_(is_admitted(terms), own, public)


def is_available(account_ids: Any) -> ColumnElement[bool]:
    """Return whether the personality of the enclosing query is a person's own, or for everybody."""
    is_public = Personality.visibility == Visibility.PUBLIC
    return or_(is_own(account_ids), is_public, came_with_bot())


def scope_rank(situation: AnySituation) -> ColumnElement[int]:
    """Return whom a name means first: 0 one that was let in, 1 one's own, 2 another."""
    terms = terms_of(situation)
    admitted = is_admitted(terms) if terms.in_server else false()
    return case((admitted, 0), (is_own(terms.accounts), 1), else_=2)


def is_own(account_ids: Any) -> ColumnElement[bool]:
    """Return whether the personality of the enclosing query is owned by one of these accounts."""
    return exists(
        select(PersonalityOwner.personality_id)
        .join(User, User.id == PersonalityOwner.user_id)
        .where(
            PersonalityOwner.personality_id == Personality.id,
            User.discord_id == any_(array_of(account_ids)),
        )
    )


def is_admitted(situation: AnySituation) -> ColumnElement[bool]:
    """Return whether everyone may call the personality of the enclosing query in this server."""
    terms = terms_of(situation)
    return or_(
        came_with_bot(),
        and_(
            Personality.visibility != Visibility.PRIVATE,
            exists().where(
                Admission.guild_id == terms.guild,
                Admission.personality_id == Personality.id,
            ),
        ),
        exists().where(
            ActivatedChannel.personality_id == Personality.id,
            ActivatedChannel.channel_id == any_(terms.channels),
        ),
    )


def came_with_bot() -> ColumnElement[bool]:
    """Return whether nobody owns the personality of the enclosing query: it came with the bot."""
    return and_(
        Personality.maker_id.is_(None),
        ~exists().where(PersonalityOwner.personality_id == Personality.id),
    )


def _blocks_of_person(terms: SituationTerms) -> list[ColumnElement[bool]]:
    operator, server = Block.level == BlockLevel.OPERATOR, Block.level == BlockLevel.SERVER
    matches: list[ColumnElement[bool]] = []
    if terms.is_somebody:
        is_they = Block.target_id == any_(terms.accounts)
        matches.append(and_(operator, Block.target == BlockTarget.USER, is_they))
    if terms.in_server:
        matches.append(
            and_(operator, Block.target == BlockTarget.SERVER, Block.target_id == terms.guild)
        )
        is_target = Block.target_id == any_(terms.targets)
        matches.append(and_(server, Block.guild_id == terms.guild, is_target))
    return matches


def _first_block(condition: ColumnElement[bool]) -> ColumnElement[str | None]:
    """Return the weightiest block that matches and has not ended."""
    reason = case(
        *(
            (and_(Block.level == level, Block.target == target), reason.value)
            for (level, target), reason in _REASONS.items()
        )
    )
    return (
        select(reason + case((Block.is_mute, f"|{_MUTED}"), else_=""))
        .where(or_(Block.ends_at.is_(None), Block.ends_at > func.now()), condition)
        .order_by(Block.is_mute, Block.level.desc())
        .limit(1)
        .correlate(Personality)
        .scalar_subquery()
    )


def _is_no_caller(situation: SituationTerms) -> ColumnElement[bool]:
    """Return whether the channel's settings give this person no answers."""
    if situation.moderates:
        return false()
    has_role = and_(
        ChannelSettings.callers == Callers.ROLE,
        ChannelSettings.caller_role_id == any_(situation.roles),
    )
    return exists().where(
        ChannelSettings.channel_id == any_(situation.channels),
        ChannelSettings.callers != Callers.EVERYONE,
        ~has_role,
    )


def _place_verdict(situation: SituationTerms) -> ColumnElement[Any]:
    """Return which rule of a server forbids the personality of the enclosing query here."""
    own = is_own(situation.accounts)
    if not situation.in_server:
        is_hidden = and_(Personality.visibility == Visibility.PRIVATE, ~own)
        return case((is_hidden, Reason.PRIVATE.value))
    policy = select(ServerPolicy).where(ServerPolicy.guild_id == situation.guild).subquery("policy")
    # A server without a row has the defaults of the columns.
    row = select(literal(1).label("one")).subquery("one").outerjoin(policy, true())
    columns = policy.c
    may_bring = Bringers.EVERYONE, *((Bringers.MODERATORS,) if situation.moderates else ())
    is_allowed = or_(
        is_admitted(situation),
        and_(own, func.coalesce(columns.bring, Bringers.EVERYONE).in_(may_bring)),
        and_(
            Personality.visibility == Visibility.PUBLIC,
            func.coalesce(columns.allows_public, True),
        ),
    )
    is_listed = columns.channel_ids.overlap(situation.channels)
    is_wrong_channel = or_(
        and_(columns.channel_mode == ChannelMode.ONLY, ~is_listed),
        and_(columns.channel_mode == ChannelMode.EXCEPT, is_listed),
    )
    # The answer that is as many answers ago as may be given in an hour.
    limiting_answer = (
        select(ConversationLine.created_at)
        .where(
            ConversationLine.channel_id == situation.channel,
            ConversationLine.role == Role.ASSISTANT,
        )
        .order_by(ConversationLine.position.desc())
        .offset(columns.answers_per_hour - 1)
        .limit(1)
        .correlate(policy)
        .scalar_subquery()
    )
    return (
        select(
            case(
                (~is_allowed, Reason.NOT_ADMITTED.value),
                (is_wrong_channel, Reason.CHANNEL.value),
                (_is_no_caller(situation), Reason.CALLERS.value),
                (
                    and_(Personality.age_restricted, ~columns.allows_age_restricted),
                    Reason.AGE_RESTRICTED.value,
                ),
                (
                    and_(
                        columns.answers_per_hour.is_not(None),
                        limiting_answer > func.now() - _HOUR,
                    ),
                    Reason.HOURLY_LIMIT.value,
                ),
            )
        )
        .select_from(row)
        .correlate(Personality)
        .scalar_subquery()
    )
