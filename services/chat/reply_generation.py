"""Generation of a personality's reply to a message. Nothing is sent or stored here."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from db.models import ConversationLine, LlmConfig, Personality, Role, User
from db.retry import retry_on_disconnect
from db.session import Sessions
from services.access import Caller, Situation, permit
from services.chat import prompt, queries
from services.chat.errors import AgeRestricted, MessageRefused, NoUsableReply, Refusal
from services.chat.postprocess import Cleaner, Defect
from services.chat.prompt import Prompt, PromptContext
from services.chat.queries import Resolution
from services.chat.recent_messages import copy_line
from services.clock import Clock
from services.embeddings import TextEmbedder
from services.errors import NameImpersonates
from services.llm import (
    Completion,
    ContextTooLong,
    Image,
    LanguageModels,
    ReasoningOnly,
    Request,
    Sampling,
)
from services.llm_configs import SAMPLING, NoConfig, restrict
from services.memory import RetrievedMemory, retrieve
from services.people import get_or_create_user
from services.personalities import (
    PersonalityNotFound,
    SharedPhoto,
    SharedPhotos,
    no_shared_photos,
    owner_ids,
)
from services.types import Actor, Channel

log = logging.getLogger(__name__)

CHAT = "chat"
MAX_TOKENS = 1024
MEMORY_LIMIT = 3
MEMORY_SCORE_THRESHOLD = 0.3
_MAX_ATTEMPTS = 3
_MAX_WINDOW = 200
_WORD = re.compile(r"\w+")
_SHRINK_FACTOR = 0.6


@dataclass(frozen=True, kw_only=True)
class ReplyRequest:
    """What a personality should answer.

    `lines` are pending lines that are not in the history yet. `regenerated_line` is the line that
    is answered again: the history ends before it. `avoid` is an answer not to repeat. `namesakes`
    finds members and roles here whose name looks like another, `is_blocked` tells what the server
    blocks. `caused_by` is who pays, if not the actor, `called_as` the name or alias that it was
    called by.
    """

    personality_id: UUID
    actor: Actor
    channel: Channel
    text: str
    images: tuple[Image, ...] = ()
    lines: Sequence[ConversationLine] = ()
    regenerated_line: ConversationLine | None = None
    avoid: str | None = None
    namesakes: Callable[[str], Awaitable[frozenset[int]]] | None = None
    is_blocked: Callable[[str], Awaitable[bool]] | None = None
    caused_by: Actor | None = None
    called_as: str | None = None


@dataclass(frozen=True, kw_only=True)
class GeneratedReply:
    """An answer that has not been sent. `provenance` is what *Why this reply?* shows."""

    text: str
    user: User
    resolution: Resolution
    speaker_name: str
    embedding: list[float]
    provenance: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Context:
    """What is loaded from the database before the model is called."""

    user: User
    caller: Caller
    resolution: Resolution
    config: LlmConfig
    refused_model: str | None = None
    keyed: frozenset[str] = frozenset()
    history: Sequence[ConversationLine] = ()
    memories: Sequence[RetrievedMemory] = field(default_factory=list[RetrievedMemory])
    shared: Sequence[SharedPhoto] = field(default_factory=list[SharedPhoto])


class ReplyGenerator:
    """Generates answers. No transaction is open while the model is awaited."""

    def __init__(
        self,
        sessions: Sessions,
        models: LanguageModels,
        embedder: TextEmbedder,
        clock: Clock,
        shared_photos: SharedPhotos = no_shared_photos,
    ) -> None:
        self._sessions = sessions
        self._shared_photos = shared_photos
        self._models = models
        self._embedder = embedder
        self._clock = clock

    async def generate(self, request: ReplyRequest) -> GeneratedReply:
        """Generate an answer.

        Raises:
            AccessDenied: A rule of the operator, the server or the maker forbids it.
            AgeRestricted: The personality may not speak in this channel.
            BudgetSpent: A budget leaves no room for it.
            NameImpersonates: It would speak under the name of a member who does not own it.
            NoConfig: No model is configured.
            PersonalityNotFound: The personality was deleted.
            MessageRefused: The server's own rules block all of its answers.
            ModelError: The model did not answer.
            NoUsableReply: None of its answers is usable.
        """
        (embedding,) = await self._embedder.embed([request.text])
        context = await retry_on_disconnect(lambda: self._load_context(request, embedding))
        await self._refuse_impersonation(request, context.resolution.personality)
        images = request.images if context.config.vision_model else ()
        model = context.config.vision_model if images else None
        model_request = Request(
            model=self._models.resolve(model or context.config.model, context.caller.payers),
            messages=(),
            sampling=_sampling(context.config),
            reasoning_effort=context.config.reasoning_effort,
            cache_key=f"{request.personality_id}:{request.channel.channel_id}",
            keyed=context.keyed,
        )
        prompt_context = self._prompt_context(request, context, images)
        completion, built_prompt = await self._complete(
            model_request, prompt_context, request, context
        )
        return GeneratedReply(
            text=completion.text,
            user=context.user,
            resolution=context.resolution,
            speaker_name=prompt_context.speaker_name,
            embedding=embedding,
            provenance=_provenance(context, completion, built_prompt),
            notes=_notes(request, context, model_request.model, completion),
        )

    async def _refuse_impersonation(self, request: ReplyRequest, personality: Personality) -> None:
        if request.namesakes is None:
            return
        for name in {personality.display_name or personality.name, request.called_as or ""}:
            members = await request.namesakes(name)
            if not members:
                continue
            async with self._sessions() as session:
                owners = await owner_ids(session, personality.id)
            # Those that come with the bot are nobody's.
            if owners and members - owners:
                raise NameImpersonates(name)

    async def _load_context(self, request: ReplyRequest, embedding: list[float]) -> _Context:
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, request.actor)
            payer, cause = user, request.caused_by or request.actor
            if request.caused_by is not None:
                payer = await get_or_create_user(session, request.caused_by)
            situation = Situation.of(cause, request.channel)
            resolution = await queries.resolve(
                session, user.id, request.personality_id, situation=situation
            )
            if resolution is None:
                raise PersonalityNotFound("this personality")
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
            context = _Context(
                user=user,
                caller=caller,
                resolution=resolution,
                config=usable.config,
                refused_model=usable.refused_model,
                keyed=usable.keyed,
                history=history,
                shared=await self._shared_photos(
                    session,
                    personality.id,
                    guild_id=request.channel.guild_id,
                    channel_id=request.channel.channel_id,
                ),
            )
            is_remembered = personality.memory_enabled and resolution.keeps_memories
            if not is_remembered or user.incognito:
                return context
            limit = _default(usable.config.memory_limit, MEMORY_LIMIT)
            threshold = _default(usable.config.memory_score_threshold, MEMORY_SCORE_THRESHOLD)
            before = (
                request.regenerated_line.created_at
                if request.regenerated_line
                else self._clock.now()
            )
            memories = await retrieve(
                session,
                personality_id=personality.id,
                user_id=user.id,
                channel=request.channel,
                embedding=embedding,
                words=_distinctive_words(request.text, personality.name, resolution.persona.name),
                before=history[0].created_at if history else before,
                threshold=threshold,
                limit=limit,
            )
            return replace(context, memories=memories)

    def _prompt_context(
        self, request: ReplyRequest, context: _Context, images: tuple[Image, ...]
    ) -> PromptContext:
        persona = context.resolution.persona
        last = context.history[-1].position if context.history else 0
        # Copies: another answer may be storing the same lines now.
        pending = [copy_line(line, last + n) for n, line in enumerate(request.lines, start=1)]
        return PromptContext(
            personality=context.resolution.personality,
            system_prompt=context.resolution.system_prompt,
            persona=persona,
            is_dm=request.channel.guild_id is None,
            history=[*context.history, *pending],
            memories=context.memories,
            shared=context.shared,
            now=self._clock.now(),
            speaker_name=persona.preferred_name or persona.name,
            message=request.text,
            images=images,
            time_zone=context.user.time_zone,
            seed=f"{request.personality_id}:{request.channel.channel_id}",
        )

    async def _complete(
        self,
        model_request: Request,
        prompt_context: PromptContext,
        request: ReplyRequest,
        context: _Context,
    ) -> tuple[Completion, Prompt]:
        """Call the model until the answer is usable, `_MAX_ATTEMPTS` times at most.

        The token limit shrinks whenever the model says that the prompt is too long.
        """
        context_tokens = self._models.context_tokens(model_request.model)
        reply_tokens = model_request.sampling.max_tokens or MAX_TOKENS
        token_limit = max(context_tokens - min(reply_tokens, context_tokens // 2), 64)
        previous_replies = [
            line.content for line in prompt_context.history if line.role == Role.ASSISTANT
        ][-4:]
        previous_replies += [request.avoid] if request.avoid else []
        others = {
            prompt_context.speaker_name,
            *(line.speaker_name for line in prompt_context.history),
        }
        others.discard(prompt_context.personality.name)
        usable: tuple[Completion, Prompt] | None = None
        defect: Defect | None = None
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            built_prompt = prompt.build(prompt_context, token_limit=token_limit)
            try:
                completion = await self._models.complete(
                    replace(model_request, messages=built_prompt.messages),
                    caller=context.caller,
                    fallback=context.config.fallback_model,
                )
            except ContextTooLong:
                if attempt == _MAX_ATTEMPTS:
                    raise
                token_limit = int(token_limit * _SHRINK_FACTOR)
                continue
            cleaner = Cleaner(
                name=prompt_context.personality.name,
                others=others,
                message=request.text,
                previous_replies=previous_replies,
                system_prompt=built_prompt.instructions,
            )
            completion, defect = await self._examine(request, cleaner, completion)
            if defect is None:
                return completion, built_prompt
            log.info("Regenerating an answer of %s: %s", model_request.model, defect)
            if defect in (Defect.ECHO, Defect.REPEAT):
                usable = completion, built_prompt
        if defect is Defect.BLOCKED:
            raise MessageRefused(Refusal.AUTOMOD)
        if usable is None:
            raise NoUsableReply(prompt_context.personality.name)
        return usable

    async def _examine(
        self, request: ReplyRequest, cleaner: Cleaner, completion: Completion
    ) -> tuple[Completion, Defect | None]:
        """Return an answer with what is to be said of it, and its defect."""
        # Both may take long.
        text, defect = await asyncio.to_thread(
            cleaner.clean, completion.text, is_cut=completion.is_cut
        )
        if completion.is_cut and not text:
            raise ReasoningOnly(completion.model)
        if defect is None and request.is_blocked and await request.is_blocked(text):
            defect = Defect.BLOCKED
        return replace(completion, text=text), defect


def _distinctive_words(text: str, *names: str) -> str:
    """Return the words of a text without the speakers' names, which are in every memory."""
    common = {word for name in names for word in _WORD.findall(name.casefold())}
    return " ".join(word for word in _WORD.findall(text) if word.casefold() not in common)


def _default(value: Any, default: Any) -> Any:
    return default if value is None else value


def _sampling(config: LlmConfig) -> Sampling:
    values = {name: getattr(config, name) for name in SAMPLING}
    return Sampling(**{**values, "max_tokens": values["max_tokens"] or MAX_TOKENS})


def _notes(
    request: ReplyRequest, context: _Context, model: str, completion: Completion
) -> tuple[str, ...]:
    """Return notes for the person about how this answer was generated."""
    notes: list[str] = []
    if context.refused_model is not None:
        notes.append(
            f"{context.refused_model} may not be chosen here any more, so this came from "
            f"{completion.model}. `/models` shows those that may."
        )
    if completion.is_free_substitute:
        notes.append(f"Today's budget is spent, so this came from {completion.model}.")
    elif completion.model != model:
        notes.append(f"{model} is not answering, so this came from {completion.model}.")
    if request.images and not context.config.vision_model:
        notes.append("I cannot see pictures: this config has no vision model.")
    return tuple(notes)


def _provenance(context: _Context, completion: Completion, built_prompt: Prompt) -> dict[str, Any]:
    resolution, usage = context.resolution, completion.usage
    return {
        "version": resolution.personality.version,
        "config": context.config.name,
        "config_source": resolution.config_source,
        "persona": resolution.persona.name,
        "persona_source": resolution.persona_source,
        "model": completion.model,
        "tokens_in": usage.tokens_in or built_prompt.tokens,
        "tokens_cached": usage.tokens_cached,
        "tokens_out": usage.tokens_out,
        "cost_usd": usage.cost_usd,
        # Without their contents, which would otherwise remain after the memories are deleted.
        "memories": [
            {"id": str(memory.id), "score": round(memory.score, 3)} for memory in context.memories
        ],
    }
