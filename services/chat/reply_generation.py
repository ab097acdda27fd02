"""Generation of a personality's reply to a message. Nothing is sent or stored here."""

import asyncio
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from db.models import Role, User
from db.retry import retry_on_disconnect
from db.session import Sessions
from services.chat import lore_search, prompt, small_model
from services.chat.answer_style import Reaction, read_reaction
from services.chat.errors import AnswerStopped, MessageRefused, NoUsableReply, Refusal
from services.chat.greetings import unsent_line
from services.chat.impersonation import refuse_impersonation
from services.chat.model_output import ends_reasoning
from services.chat.postprocess import Cleaner, Defect
from services.chat.prompt import Prompt, PromptContext
from services.chat.provenance import MAX_TOKENS, notes_on, provenance_of, sampling_of
from services.chat.recent_messages import copy_line
from services.chat.reply_context import ContextLoader, ReplyContext
from services.chat.reply_request import Opening, ReplyRequest, ReplyStream
from services.chat.resolution import Resolution
from services.chat.seeing import PictureDescriber, Seen
from services.chat.tool_rounds import ToolRounds, tool_context
from services.clock import Clock
from services.embeddings import TextEmbedder
from services.llm import (
    Completion,
    ContextTooLong,
    LanguageModels,
    ReasoningOnly,
    Request,
    Usage,
    estimate,
)
from services.lore import LoreLibrary, Timer
from services.memory import MeaningModel
from services.personalities import ActsElsewhere
from services.tools import Toolbox

log = logging.getLogger(__name__)

_MAX_ATTEMPTS = 3
_SHRINK_FACTOR = 0.6
_MIN_TOKENS = 64
_THINKING_NAME = re.compile(r"think|reason|qwq|\br1\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class GeneratedReply:
    """An answer that has not been sent. `provenance` is what *Why this reply?* shows.

    `lore_timers` are the timed effects of lore that begin when it is sent, `seen` is what was seen
    in the sender's pictures. A `reaction` is sent instead of the text. Once it is sent, `memories`
    are remembered, and a picture of what `picture` says follows.
    """

    text: str
    user: User
    resolution: Resolution
    speaker_name: str
    provenance: dict[str, Any]
    opening: Opening
    notes: tuple[str, ...] = ()
    lore_timers: Sequence[Timer] = ()
    seen: str = ""
    reaction: Reaction | None = None
    memories: Sequence[str] = ()
    picture: str = ""


class ReplyGenerator:
    """Generates answers. No transaction is open while the model is awaited."""

    def __init__(
        self,
        sessions: Sessions,
        models: LanguageModels,
        embedder: TextEmbedder,
        clock: Clock,
        acts: ActsElsewhere | None = None,
        lore: LoreLibrary | None = None,
        toolbox: Toolbox | None = None,
        *,
        meaning: MeaningModel | None = None,
    ) -> None:
        self._sessions = sessions
        self._lore = lore or LoreLibrary()
        self._contexts = ContextLoader(
            *(sessions, models, clock, acts or ActsElsewhere(), self._lore, embedder),
            meaning or MeaningModel(),
        )
        self._models = models
        self._pictures = PictureDescriber(sessions, models)
        self._embedder = embedder
        self._clock = clock
        self._no_tools = Toolbox((), models.background)
        self._toolbox = toolbox or self._no_tools
        self._thinking: dict[str, bool] = {}

    async def generate(self, request: ReplyRequest) -> GeneratedReply:
        """Generate an answer.

        Raises:
            AccessDenied: A rule of the operator, the server or the maker forbids it.
            AnswerStopped: It was stopped before there was anything to be shown.
            AgeRestricted: The personality may not speak in this channel.
            BudgetSpent: A budget leaves no room for it.
            NameImpersonates: It would speak under the name of a member who does not own it.
            NoConfig: No model is configured.
            PersonalityNotFound: The personality was deleted.
            MessageRefused: The server's own rules block all of its answers.
            ModelError: The model did not answer.
            NoUsableReply: None of its answers is usable.
        """
        context = await retry_on_disconnect(lambda: self._contexts.load(request))
        model = self._models.resolve(context.config.model, context.caller.payers)
        if self._models.is_small(model):
            facts = [each for each in context.facts if each.fits][: small_model.MAX_FACTS]
            context = replace(context, is_small=True, memories=(), facts=facts)
        if request.namesakes is not None:
            personality, called_as = context.resolution.personality, request.called_as or ""
            await refuse_impersonation(
                self._sessions, personality, request.namesakes, also=[called_as]
            )
        opening = Opening(
            personality=context.resolution.personality,
            user=context.user,
            greeting=context.greeting,
            is_streamed=context.is_streamed,
            has_faces="faces" in context.resolution.existing,
        )
        if request.stream is not None:
            request.stream.open(opening)
        seen = Seen()
        if request.pictures is not None:
            seen = await self._pictures.describe(
                request.pictures,
                model=context.config.vision_model,
                caller=context.caller,
                keyed=context.keyed,
            )
            texts = (request.text, seen.others, seen.own)
            request = replace(request, text="\n".join(filter(None, texts)))
        model_request = Request(
            model=model,
            messages=(),
            sampling=sampling_of(context.config),
            reasoning_effort=context.config.reasoning_effort,
            cache_key=f"{request.personality_id}:{request.channel.channel_id}",
            keyed=context.keyed,
        )
        rounds = self._tool_rounds(request, context, model_request.model)
        prompt_context = replace(
            self._prompt_context(request, context), has_tools=rounds.are_offered
        )
        lore = await lore_search.search(
            self._lore,
            context,
            prompt_context,
            context_tokens=self._models.context_tokens(model_request.model),
            is_regenerated=request.regenerated_line is not None,
        )
        prompt_context = replace(prompt_context, lore=lore.activated)
        completion, built_prompt = await self._complete(
            model_request, prompt_context, request, context, rounds
        )
        return GeneratedReply(
            text=completion.text,
            user=context.user,
            resolution=context.resolution,
            speaker_name=prompt_context.speaker_name,
            provenance=provenance_of(context, completion, built_prompt, lore, rounds),
            lore_timers=lore.timers,
            opening=opening,
            notes=notes_on(context, model_request.model, completion, seen),
            seen="" if seen.is_blind else seen.own,
            reaction=(read_reaction(completion.text) if prompt_context.may_react else None),
            memories=rounds.memories,
            picture=request.picture or rounds.picture,
        )

    def _tool_rounds(self, request: ReplyRequest, context: ReplyContext, model: str) -> ToolRounds:
        """Return the rounds of an answer, with the tools that its model may call."""
        toolbox = self._toolbox if self._models.calls_tools(model) else self._no_tools
        forbidden = context.resolution.forbidden_tools
        return ToolRounds(
            toolbox, tool_context(request, context, self._clock.now()), forbidden=forbidden
        )

    def _prompt_context(self, request: ReplyRequest, context: ReplyContext) -> PromptContext:
        persona = context.resolution.persona
        last = context.history[-1].position if context.history else 0
        # Copies: another answer may be storing the same lines now.
        pending = [copy_line(line, last + n) for n, line in enumerate(request.lines, start=1)]
        if context.greeting is not None:
            personality, channel = context.resolution.personality, request.channel
            line = unsent_line(channel, personality, context.greeting, user_id=context.user.id)
            pending.append(copy_line(line, last + len(pending) + 1))
        return PromptContext(
            personality=context.resolution.personality,
            system_prompt=context.resolution.system_prompt,
            persona=persona,
            is_dm=request.channel.guild_id is None,
            history=[*context.history, *pending],
            memories=context.memories,
            facts=context.facts,
            summaries=context.summaries,
            board_acts=context.board_acts,
            shared=context.shared,
            now=self._clock.now(),
            speaker_name=persona.preferred_name or persona.name,
            message=request.text,
            time_zone=context.server_zone,
            speaker_zone=context.user_zone,
            seed=f"{request.personality_id}:{request.channel.channel_id}",
            reworked=request.reworked,
            reactions=context.reactions(request),
            scene=context.resolution.scene,
            # Another take of an answer has words.
            may_react=(
                context.resolution.personality.may_react
                and request.channel.guild_id is not None
                and request.regenerated_line is None
                and not request.picture
            ),
        )

    async def _complete(
        self,
        model_request: Request,
        prompt_context: PromptContext,
        request: ReplyRequest,
        context: ReplyContext,
        rounds: ToolRounds,
    ) -> tuple[Completion, Prompt]:
        """Call the model until the answer is usable, `_MAX_ATTEMPTS` times at most.

        The token limit shrinks whenever the model says that the prompt is too long.
        """
        context_tokens = self._models.context_tokens(model_request.model)
        reply_tokens = model_request.sampling.max_tokens or MAX_TOKENS
        token_limit = max(context_tokens - min(reply_tokens, context_tokens // 2), _MIN_TOKENS)
        usable: tuple[Completion, Prompt] | None = None
        defect: Defect | None = None
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            try:
                completion, built_prompt, cleaner = await self._ask_with_tools(
                    *(model_request, prompt_context, request, context, rounds),
                    token_limit=token_limit,
                )
            except ContextTooLong:
                if attempt == _MAX_ATTEMPTS:
                    raise
                token_limit = int(token_limit * _SHRINK_FACTOR)
                continue
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

    async def _ask_small(
        self,
        model_request: Request,
        prompt_context: PromptContext,
        request: ReplyRequest,
        context: ReplyContext,
        *,
        token_limit: int,
    ) -> tuple[Completion, Prompt, Cleaner]:
        """Call a small model for several answers, and return the best of them."""
        built_prompt = small_model.build(prompt_context, token_limit=token_limit)
        cleaner = _cleaner(request, prompt_context, built_prompt)
        asked = small_model.to_request(model_request, built_prompt)
        texts = (completion := await self._ask(asked, None, cleaner, context)).candidates
        best = await small_model.choose(texts, prompt_context, built_prompt, self._embedder)
        return replace(completion, text=best, is_cut=False), built_prompt, cleaner

    async def _ask_with_tools(
        self,
        model_request: Request,
        prompt_context: PromptContext,
        request: ReplyRequest,
        context: ReplyContext,
        rounds: ToolRounds,
        *,
        token_limit: int,
    ) -> tuple[Completion, Prompt, Cleaner]:
        """Call the model, and again with what its tools return, until it has answered."""
        if context.is_small:
            return await self._ask_small(
                model_request, prompt_context, request, context, token_limit=token_limit
            )
        stream = request.stream if context.is_streamed else None
        while True:
            limit = max(token_limit - rounds.tokens, _MIN_TOKENS)
            built_prompt = prompt.build(prompt_context, token_limit=limit)
            cleaner = replace(
                _cleaner(request, prompt_context, built_prompt),
                thinks_first=self._thinks_first(model_request.model),
            )
            if stream is not None:
                stream.keep(rounds.text)
            fitted = rounds.extend(replace(model_request, messages=built_prompt.messages))
            completion = await self._ask(fitted, stream, cleaner, context)
            if not rounds.wants_more(completion):
                return rounds.finish(completion), built_prompt, cleaner
            await rounds.run(completion, max_length=limit)

    async def _ask(
        self,
        request: Request,
        stream: ReplyStream | None,
        cleaner: Cleaner,
        context: ReplyContext,
    ) -> Completion:
        """Call the model; if the answer is stopped meanwhile, return what there is of it."""
        asking = asyncio.ensure_future(
            self._models.complete(
                request,
                caller=context.caller,
                fallback=context.config.fallback_model,
                listener=stream,
            )
        )
        if stream is None:
            return await asking
        stream.clean_with(cleaner)
        stopped = asyncio.ensure_future(stream.wait_until_stopped())
        try:
            await asyncio.wait({asking, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                completion = asking.result()
                self._thinking[completion.model] = ends_reasoning(completion.text)
                return completion
            text = stream.text
            usage = Usage(tokens_out=estimate(text))
            return Completion(
                text=text, model=request.model, usage=usage, is_cut=True, is_stopped=True
            )
        finally:
            asking.cancel()
            stopped.cancel()

    def _thinks_first(self, model: str) -> bool:
        """Whether a model reasons before it answers without marking where that begins.

        Its last answer tells; before the first one, its name.
        """
        known = self._thinking.get(model)
        return bool(_THINKING_NAME.search(model)) if known is None else known

    async def _examine(
        self, request: ReplyRequest, cleaner: Cleaner, completion: Completion
    ) -> tuple[Completion, Defect | None]:
        """Return an answer with what is to be said of it, and its defect."""
        # Both may take long.
        text, defect = await asyncio.to_thread(
            cleaner.clean, completion.text, is_cut=completion.is_cut
        )
        if completion.is_cut and not text and not completion.is_stopped:
            raise ReasoningOnly(completion.model)
        if defect is None and request.is_blocked and await request.is_blocked(text):
            defect = Defect.BLOCKED
        if defect is not None and completion.is_stopped:
            raise AnswerStopped
        return replace(completion, text=text), defect


def _cleaner(request: ReplyRequest, prompt_context: PromptContext, built_prompt: Prompt) -> Cleaner:
    name, history = prompt_context.personality.name, prompt_context.history
    previous_replies = [line.content for line in history if line.role == Role.ASSISTANT][-4:]
    others = {prompt_context.speaker_name, *(line.speaker_name for line in history)}
    return Cleaner(
        name=name,
        others=others - {name},
        message=request.text,
        previous_replies=[*previous_replies, *request.avoid],
        system_prompt=built_prompt.instructions,
    )
