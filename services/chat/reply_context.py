"""What an answer is based on: everything that is loaded before a model is called."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, bindparam
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import ConversationLine, LlmConfig, Role, User
from db.session import Sessions, reading
from services.access import Caller, Situation, permit
from services.chat import prompt, queries
from services.chat.errors import AgeRestricted
from services.chat.greetings import Greeting, has_spoken, render
from services.chat.reply_request import ReplyRequest
from services.chat.resolution import Existing, Resolution, resolve
from services.clock import Clock
from services.embeddings import TextEmbedder
from services.faces import has_faces
from services.llm import LanguageModels
from services.llm_configs import NoConfig, restrict
from services.lore import (
    Book,
    LoreLibrary,
    LorePlace,
    Timer,
    UnpreparedBook,
    has_timers,
    timers,
)
from services.memory import (
    KnownFact,
    MeaningModel,
    RetrievedMemory,
    SittingSummary,
    ask,
    best_part,
    birthday_span,
    fit,
    has_summaries,
    known_facts,
    names_birthday,
    retrieve,
    sharing_personalities,
    summaries_of,
    without_repetitions,
)
from services.people import get_or_create_user
from services.personalities import (
    ActsElsewhere,
    BoardAct,
    PersonalityDeleted,
    SharedPhoto,
)
from services.time_zones import zone_of_locale

CHAT = "chat"
MEMORY_LIMIT = 12
MEMORY_SCORE_THRESHOLD = 0.16
_MAX_WINDOW = 200
_LAST_ACTS, _FITTING_ACTS = 3, 3  # on boards
_CONTEXT_LINES = 2  # before a message, which tell what it is about


@dataclass(frozen=True, kw_only=True)
class ReplyContext:
    """What is loaded from the database before the model is called."""

    user: User
    caller: Caller
    resolution: Resolution
    config: LlmConfig
    refused_model: str | None = None
    keyed: frozenset[str] = frozenset()
    history: Sequence[ConversationLine] = ()
    memories: Sequence[RetrievedMemory] = ()
    facts: Sequence[KnownFact] = ()
    summaries: Sequence[SittingSummary] = ()
    board_acts: Sequence[BoardAct] = ()
    shared: Sequence[SharedPhoto] = ()
    books: Sequence[Book | UnpreparedBook] = ()
    timers: Sequence[Timer] = ()
    greeting: Greeting | None = None
    server_locale: str | None = None
    is_small: bool = False

    @property
    def is_streamed(self) -> bool:
        """Whether the answer may be shown while it is written."""
        wanted = self.resolution.streams_answers and self.user.streams_answers
        return wanted and not self.is_small

    def reactions(self, request: ReplyRequest) -> Mapping[str, int]:
        """Return the reactions to what the personality has said last."""
        own_lines = (
            line
            for line in reversed(self.history)
            if line.personality_id == request.personality_id and line.role == Role.ASSISTANT
        )
        last = next(own_lines, None)
        if last is None or request.reactions is None:
            return {}
        return request.reactions(last.discord_message_ids)

    @property
    def user_zone(self) -> str | None:
        """Return the time zone of the user, as they have set it or as their language says."""
        return self.user.time_zone or zone_of_locale(self.user.locale)

    @property
    def server_zone(self) -> str | None:
        """Return the time zone of the server, as it is set or as its language says."""
        return self.resolution.server_zone or zone_of_locale(self.server_locale)


class ContextLoader:
    """Loads what answers are based on, each time in one transaction."""

    def __init__(
        self,
        sessions: Sessions,
        models: LanguageModels,
        clock: Clock,
        acts: ActsElsewhere,
        lore: LoreLibrary,
        embedder: TextEmbedder,
        meaning: MeaningModel,
    ) -> None:
        self._embedder = embedder
        self._meaning = meaning
        self._sessions = sessions
        self._models = models
        self._clock = clock
        self._acts = acts
        channel: Any = bindparam("situation_channel", type_=BigInteger())
        personality: Any = bindparam("personality_id", type_=Uuid())
        self._existing = Existing(
            {
                "timers": has_timers(channel, personality),
                "shared": acts.has_shared(personality),
                "board acts": acts.has_board_acts(personality),
                "summaries": has_summaries(personality, channel),
                "faces": has_faces(personality),
            }
        )
        self._lore = lore

    async def load(self, request: ReplyRequest) -> ReplyContext:
        """Load what an answer to a message is based on.

        Raises:
            AccessDenied, AgeRestricted: The personality may not speak here, or not to them.
            NoConfig: No model is configured.
            PersonalityNotFound: The personality was deleted.
        """
        async with reading(self._sessions) as session:
            user = await get_or_create_user(session, request.actor)
            payer, cause = user, request.caused_by or request.actor
            if request.caused_by is not None:
                payer = await get_or_create_user(session, request.caused_by)
            await session.flush()
            situation = Situation.of(cause, request.channel)
            resolution = await resolve(
                session,
                user.id,
                request.personality_id,
                situation=situation,
                also=self._existing,
            )
            if resolution is None:
                raise PersonalityDeleted
            personality = resolution.personality
            caller = permit(
                CHAT,
                resolution.verdict,
                user=payer,
                personality_id=personality.id,
                name=personality.name,
                guild_id=request.channel.guild_id,
            )
            if personality.age_restricted and not request.channel.age_restricted:
                raise AgeRestricted(personality.name)
            usable = await restrict(session, resolution.config, self._models, caller.payers)
            if usable.config is None:
                raise NoConfig
            if usable.refused_model is not None:
                resolution = replace(resolution, config_source="the global default")
            window = min(personality.context_window_size, usable.window or _MAX_WINDOW)
            history = await queries.history(
                session,
                request.channel.channel_id,
                limit=window + prompt.block_size(window),
                before=request.regenerated_line.position if request.regenerated_line else None,
            )
            books = await self._lore.books(
                session,
                LorePlace(
                    personality_id=personality.id,
                    persona_id=resolution.persona.id,
                    channel_ids=situation.channel_ids,
                    guild_id=request.channel.guild_id,
                ),
            )
            context = ReplyContext(
                user=user,
                caller=caller,
                resolution=resolution,
                config=usable.config,
                server_locale=request.channel.locale,
                refused_model=usable.refused_model,
                keyed=usable.keyed,
                history=history,
                greeting=await self._greeting(session, request, user, resolution, history),
                books=books,
                timers=(
                    await timers(session, request.channel.channel_id, personality.id)
                    if books and "timers" in resolution.existing
                    else ()
                ),
                shared=(
                    await self._acts.shared_photos(
                        session,
                        personality.id,
                        guild_id=request.channel.guild_id,
                        channel_id=request.channel.channel_id,
                    )
                    if "shared" in resolution.existing
                    else ()
                ),
            )
            is_remembered = personality.memory_enabled and resolution.keeps_memories
            board_acts = (
                await self._acts.board_acts(session, personality.id, channel=request.channel)
                if "board acts" in resolution.existing
                else ()
            )
            context = replace(context, board_acts=_acts_to_mention(board_acts, {}))
            if not is_remembered or user.incognito or user.is_fresh(self._clock.now()):
                return context
            summaries = (
                await summaries_of(
                    session,
                    personality.id,
                    request.channel.channel_id,
                    age_restricted=request.channel.age_restricted,
                )
                if "summaries" in resolution.existing
                else ()
            )
            shared = await sharing_personalities(session, user, personality)
        context = replace(context, summaries=summaries, board_acts=board_acts)
        return await self._recall(request, context, shared)

    async def _recall(
        self, request: ReplyRequest, context: ReplyContext, shared: Collection[UUID]
    ) -> ReplyContext:
        """Return a context with the memories that fit a message, and what is known of whom.

        What the user has told the `shared` personalities is known, too.
        """
        personality, persona = context.resolution.personality, context.resolution.persona
        regenerated, history = request.regenerated_line, context.history
        now = regenerated.created_at if regenerated else self._clock.now()
        names = (personality.name, personality.display_name, request.called_as)
        question = await ask(
            self._embedder,
            request.text,
            names=[*filter(None, names), persona.name, persona.preferred_name or ""],
            context=[line.content for line in history[-_CONTEXT_LINES:]],
            now=now,
        )
        question = await self._meaning.add_to(question, caller=context.caller)
        before = history[0].created_at if history else now
        where: Any = {
            "personality_id": personality.id,
            "user_id": context.user.id,
            "channel": request.channel,
            "before": before,
            "shared": shared,
        }
        if names_birthday(request.text):
            known = await known_facts(self._sessions, question.terms, now=now, **where)
            statements = [each.statement for each in known if each.subject != personality.name]
            if span := birthday_span(request.text, statements, now):
                question = question.within(span)
        memories = await retrieve(
            self._sessions,
            question,
            threshold=_default(context.config.memory_score_threshold, MEMORY_SCORE_THRESHOLD),
            limit=_default(context.config.memory_limit, MEMORY_LIMIT),
            **where,
        )
        memory_ids = [each.id for each in memories]
        facts = await known_facts(
            self._sessions, question.terms, now=now, memory_ids=memory_ids, **where
        )
        shown = [
            replace(each, content=best_part(each.content, question.terms))
            for each in without_repetitions(memories)
        ]
        acts = _acts_to_mention(context.board_acts, question.terms)
        return replace(context, memories=shown, facts=facts, board_acts=acts)

    async def _greeting(
        self,
        session: AsyncSession,
        request: ReplyRequest,
        user: User,
        resolution: Resolution,
        history: Sequence[ConversationLine],
    ) -> Greeting | None:
        """Return the first words of a personality that has not spoken in the channel."""
        personality, persona = resolution.personality, resolution.persona
        lines = [*history, *request.lines]
        if user.incognito or any(line.personality_id == personality.id for line in lines):
            return None
        greeting = render(
            personality,
            request.channel,
            index=0,
            user=persona.preferred_name or persona.name,
            now=self._clock.now(),
        )
        channel_id = request.channel.channel_id
        if greeting is None or await has_spoken(session, channel_id, personality.id):
            return None
        return greeting


def _default(value: Any, default: Any) -> Any:
    return default if value is None else value


def _acts_to_mention(acts: Sequence[BoardAct], terms: Mapping[int, float]) -> Sequence[BoardAct]:
    """Return the last acts on boards, and earlier ones that fit a question best; oldest first."""
    earlier = [each for each in acts[_LAST_ACTS:] if fit(each.text, terms) > 0]
    fitting = sorted(earlier, key=lambda each: -fit(each.text, terms))[:_FITTING_ACTS]
    return sorted([*acts[:_LAST_ACTS], *fitting], key=lambda each: each.acted_at)
