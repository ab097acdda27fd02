"""From what was said to what a personality answers. Nothing is sent or stored here."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from db.models import ConversationLine, LlmConfig, Role, User
from db.retry import retry_on_disconnect
from db.session import Sessions
from services.chat import postprocess, prompt, queries
from services.chat.errors import AgeRestricted, NoUsableReply
from services.chat.postprocess import Defect
from services.chat.prompt import Prompt, PromptContext
from services.chat.queries import Resolution
from services.clock import Clock
from services.embeddings import TextEmbedder
from services.llm import (
    Caller,
    Completion,
    ContextTooLong,
    Image,
    LanguageModels,
    Request,
    Sampling,
)
from services.llm_configs import SAMPLING, NoConfig
from services.memory import RecalledMemory, recall
from services.people import get_or_create_user
from services.personalities import PersonalityNotFound, SharedPhoto, recently_shared
from services.types import Actor, Channel

log = logging.getLogger(__name__)

MAX_TOKENS = 1024
MEMORY_LIMIT = 3
MEMORY_SCORE_THRESHOLD = 0.3
_TRIES = 3
_WORD = re.compile(r"\w+")
_SHRINK = 0.6


@dataclass(frozen=True, kw_only=True)
class ReplyRequest:
    """What a personality is to answer.

    `lines` were said since the history was written. `again` is the line that is answered anew:
    what came of it the first time is not to be known.
    """

    personality_id: UUID
    actor: Actor
    channel: Channel
    text: str
    images: tuple[Image, ...] = ()
    lines: Sequence[ConversationLine] = ()
    regenerated_line: ConversationLine | None = None
    avoid: str | None = None


@dataclass(frozen=True, kw_only=True)
class GeneratedReply:
    """An answer that has not been said. `provenance` is what *Why this reply?* shows."""

    text: str
    user: User
    resolution: Resolution
    speaker_name: str
    embedding: list[float]
    provenance: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Context:
    """What the database says before a model is asked."""

    user: User
    resolution: Resolution
    config: LlmConfig
    history: Sequence[ConversationLine] = ()
    memories: Sequence[RecalledMemory] = field(default_factory=list[RecalledMemory])
    shared: Sequence[SharedPhoto] = field(default_factory=list[SharedPhoto])


class ReplyGenerator:
    """Writes answers. No transaction is open while the model is awaited."""

    def __init__(
        self, sessions: Sessions, models: LanguageModels, embedder: TextEmbedder, clock: Clock
    ) -> None:
        self._sessions = sessions
        self._models = models
        self._embedder = embedder
        self._clock = clock

    async def generate(self, asked: ReplyRequest) -> GeneratedReply:
        """Write an answer.

        Raises:
            AgeRestricted: The personality may not speak in this place.
            NoConfig: There is no model to ask.
            PersonalityNotFound: It is gone.
            ModelError: The model did not answer.
            NothingToSay: It answered with nothing that can be said.
        """
        (embedding,) = await self._embedder.embed([asked.text])
        ground = await retry_on_disconnect(lambda: self._load(asked, embedding))
        images = asked.images if ground.config.vision_model else ()
        model = ground.config.vision_model if images else None
        request = Request(
            model=self._models.resolve(model or ground.config.model),
            messages=(),
            sampling=_sampling(ground.config),
            cache_key=f"{asked.personality_id}:{asked.channel.channel_id}",
        )
        scene = self._prompt_context(asked, ground, images)
        completion, built = await self._complete(request, scene, asked, ground)
        return GeneratedReply(
            text=completion.text,
            user=ground.user,
            resolution=ground.resolution,
            speaker_name=scene.speaker_name,
            embedding=embedding,
            provenance=_provenance(ground, completion, built),
            notes=_notes(asked, ground, request.model, completion),
        )

    async def _load(self, asked: ReplyRequest, embedding: list[float]) -> _Context:
        async with self._sessions.begin() as session:
            user = await get_or_create_user(session, asked.actor)
            resolution = await queries.resolve(session, user.id, asked.personality_id)
            if resolution is None:
                raise PersonalityNotFound("this personality")
            personality = resolution.personality
            if personality.age_restricted and not asked.channel.age_restricted:
                raise AgeRestricted(personality.name)
            if resolution.config is None:
                raise NoConfig
            window = personality.context_window_size
            history = await queries.history(
                session,
                asked.channel.channel_id,
                limit=window + prompt.block_of(window),
                before=asked.regenerated_line.position if asked.regenerated_line else None,
            )
            ground = _Context(
                user=user,
                resolution=resolution,
                config=resolution.config,
                history=history,
                shared=await recently_shared(
                    session,
                    personality.id,
                    guild_id=asked.channel.guild_id,
                    channel_id=asked.channel.channel_id,
                ),
            )
            if not personality.memory_enabled or user.incognito:
                return ground
            limit = _default(resolution.config.memory_limit, MEMORY_LIMIT)
            threshold = _default(resolution.config.memory_score_threshold, MEMORY_SCORE_THRESHOLD)
            ends = (
                asked.regenerated_line.created_at if asked.regenerated_line else self._clock.now()
            )
            memories = await recall(
                session,
                personality_id=personality.id,
                user_id=user.id,
                place=asked.channel,
                embedding=embedding,
                words=_distinctive_words(asked.text, personality.name, resolution.persona.name),
                before=history[0].created_at if history else ends,
                threshold=threshold,
                limit=limit,
            )
            return replace(ground, memories=memories)

    def _prompt_context(
        self, asked: ReplyRequest, ground: _Context, images: tuple[Image, ...]
    ) -> PromptContext:
        persona = ground.resolution.persona
        last = ground.history[-1].position if ground.history else 0
        for position, line in enumerate(asked.lines, start=last + 1):
            line.position = position
        return PromptContext(
            personality=ground.resolution.personality,
            system_prompt=ground.resolution.system_prompt,
            persona=persona,
            is_dm=asked.channel.guild_id is None,
            history=[*ground.history, *asked.lines],
            memories=ground.memories,
            shared=ground.shared,
            now=self._clock.now(),
            speaker_name=persona.preferred_name or persona.name,
            message=asked.text,
            images=images,
        )

    async def _complete(
        self, request: Request, scene: PromptContext, asked: ReplyRequest, ground: _Context
    ) -> tuple[Completion, Prompt]:
        """Ask until the answer can be said, three times at most, in less and less room."""
        limit = self._models.context_tokens(request.model)
        written = request.sampling.max_tokens or MAX_TOKENS
        room = max(limit - min(written, limit // 2), 64)
        said = [line.content for line in scene.history if line.role == Role.ASSISTANT][-4:]
        said += [asked.avoid] if asked.avoid else []
        others = {scene.speaker_name, *(line.speaker_name for line in scene.history)}
        others.discard(scene.personality.name)
        usable: tuple[Completion, Prompt] | None = None
        for _ in range(_TRIES):
            built = prompt.build(scene, room=room)
            try:
                completion = await self._models.complete(
                    replace(request, messages=built.messages),
                    caller=Caller(
                        purpose="chat",
                        user_id=ground.user.id,
                        personality_id=asked.personality_id,
                        guild_id=asked.channel.guild_id,
                    ),
                    fallback=ground.config.fallback_model,
                )
            except ContextTooLong:
                room = int(room * _SHRINK)
                continue
            text = postprocess.clean(completion.text, scene.personality.name, others)
            text = postprocess.trim_incomplete(text) if completion.is_cut else text
            completion = replace(completion, text=text)
            wrong = postprocess.find_defect(
                text, asked=asked.text, said_before=said, secret=built.messages[0].content
            )
            if wrong is None:
                return completion, built
            log.info("Regenerating an answer of %s: %s", request.model, wrong)
            if wrong in (Defect.ECHO, Defect.REPEAT):
                usable = completion, built
        if usable is None:
            raise NoUsableReply(scene.personality.name)
        return usable


def _distinctive_words(text: str, *names: str) -> str:
    """Return the words of a text that tell memories apart: the two who talk are in all of them."""
    common = {word for name in names for word in _WORD.findall(name.casefold())}
    return " ".join(word for word in _WORD.findall(text) if word.casefold() not in common)


def _default(value: Any, default: Any) -> Any:
    return default if value is None else value


def _sampling(config: LlmConfig) -> Sampling:
    given = {name: getattr(config, name) for name in SAMPLING}
    return Sampling(**{**given, "max_tokens": given["max_tokens"] or MAX_TOKENS})


def _notes(
    asked: ReplyRequest, ground: _Context, model: str, completion: Completion
) -> tuple[str, ...]:
    """Return what the person should know about this answer besides its words."""
    notes: list[str] = []
    if completion.model != model:
        notes.append(f"{model} is not answering, so this came from {completion.model}.")
    if asked.images and not ground.config.vision_model:
        notes.append("I cannot see pictures: this config has no vision model.")
    return tuple(notes)


def _provenance(ground: _Context, completion: Completion, built: Prompt) -> dict[str, Any]:
    resolution, usage = ground.resolution, completion.usage
    return {
        "version": resolution.personality.version,
        "config": ground.config.name,
        "config_source": resolution.config_source,
        "persona": resolution.persona.name,
        "persona_source": resolution.persona_source,
        "model": completion.model,
        "tokens_in": usage.tokens_in or built.tokens,
        "tokens_cached": usage.tokens_cached,
        "tokens_out": usage.tokens_out,
        "cost_usd": usage.cost_usd,
        # Not what they say: that would outlive their being forgotten.
        "memories": [
            {"id": str(memory.id), "score": round(memory.score, 3)} for memory in ground.memories
        ],
    }
