"""Text generation for acts: prompts, and up to three attempts per text."""

import logging
import random
from collections.abc import Sequence

from services.chat import tidy
from services.engine import checks, small_model
from services.engine.errors import Skipped, SkipReason
from services.engine.ports import ActStore, Author
from services.engine.prompts import load_template
from services.engine.types import ActContent, ActContext, BoardMessage
from services.llm import (
    ChatMessage,
    Completion,
    Request,
    Sampling,
    fitting_length,
    maximum_cost,
)
from services.texts import on_one_line, shorten

log = logging.getLogger(__name__)

_MAX_ATTEMPTS = 3
_SEPARATOR = "\n---\n"
_MAX_BOARD_LINES, _MAX_AVOIDED_LINES, _MAX_THREAD_MESSAGES = 6, 5, 6
MAX_DEFINITION_TOKENS, _MAX_TEXT_TOKENS = 900, 250
_MAX_HEARD = 200  # characters
_MIN_TOKENS, _TOKENS_PER_WORD = 24, 2.2


class Writer:
    """Generates the texts of personalities. Each attempt is one request to the model."""

    def __init__(self, author: Author) -> None:
        self._author = author

    async def write(
        self, store: ActStore, context: ActContext, *, name: str, min_words: int = 2
    ) -> ActContent:
        """Return a text for an act, from the named prompt, of about `min_words` words or more.

        Raises:
            ModelError: The model did not answer.
            Skipped: No attempt gave a text that passes the checks.
        """
        rng = random.Random(f"{context.seed}:{context.task_id}")  # noqa: S311 - no secret
        total, defect = ActContent(), "nothing"
        for _ in range(_MAX_ATTEMPTS):
            word_count = max(checks.length(rng.random()), min_words)
            request = self._request(context, name, word_count)
            is_small = self._author.is_small(context.model)
            if is_small:
                request = small_model.to_request(request, context)
            await store.acquire_request_slot(context)
            completion = await self._author.complete(
                request,
                caller=context.caller,
                fallback=context.fallback,
            )
            total = _add_usage(total, completion)
            system_prompt = "\n".join(message.content for message in request.messages[:1])
            for candidate in completion.candidates:
                written = tidy(candidate) if is_small else candidate
                text = checks.trim(written, context, word_count)
                defect = checks.defect_in(
                    text,
                    context,
                    word_count=word_count,
                    system_prompt=system_prompt,
                    untrimmed=written,
                )
                if defect is None:
                    return total.model_copy(update={"text": text, "request": completion.request_id})
                log.info(
                    "A text for %s of task %s was rejected: %s",
                    *(context.kind, context.task_id, defect),
                )
        raise Skipped(
            SkipReason.REPEAT if defect == "repeat" else SkipReason.SPEECHLESS,
            tokens_in=total.tokens_in,
            tokens_out=total.tokens_out,
            cost_usd=total.cost_usd,
        )

    async def ask(self, store: ActStore, context: ActContext, *, name: str) -> ActContent:
        """Return the answer to a question, unchecked."""
        await store.acquire_request_slot(context)
        completion = await self._author.complete(
            self._request(context, name, 1),
            caller=context.caller,
            fallback=context.fallback,
        )
        return _add_usage(ActContent(), completion).model_copy(update={"text": completion.text})

    def _request(self, context: ActContext, name: str, word_count: int) -> Request:
        definition = _truncate(context.definition, MAX_DEFINITION_TOKENS)
        base = load_template("base").format(name=context.name, definition=definition)
        base += _lore(context) + _shared_photos(context) + _heard(context)
        target = context.target or context.post or BoardMessage(name="", text="")
        post = context.post or BoardMessage(name="", text="")
        fields = {
            "base": base,
            "name": context.name,
            "words": word_count,
            "topic": _escape(context.topic or "whatever is on your mind"),
            "tone": _escape(context.tone or "easy, friendly"),
            "author": _escape(post.name),
            "post": _escape(post.text),
            "asked_name": _escape(target.name),
            "asked": _escape(target.text),
            "thread": _transcript(
                [line for line in context.thread if line != target][-_MAX_THREAD_MESSAGES:]
            ),
            "board_lines": _bullets(context.board_lines[-_MAX_BOARD_LINES:]) or "nothing yet",
            "avoid": _avoided_lines(context.own_here),
        }
        system, _, user = (
            part.format(**fields) for part in load_template(name).partition(_SEPARATOR)
        )
        return Request(
            model=context.model,
            keyed=context.keyed,
            messages=(ChatMessage("system", system.strip()), ChatMessage("user", user.strip())),
            sampling=Sampling(
                temperature=0.9, max_tokens=_MIN_TOKENS + round(_TOKENS_PER_WORD * word_count)
            ),
            cache_key=f"engine:{context.personality_id}",
        )


def max_tokens(
    prompt_tokens: int = MAX_DEFINITION_TOKENS + 12 * _MAX_TEXT_TOKENS,
) -> tuple[int, int]:
    """Return the maximum prompt and completion tokens of an act, over all attempts."""
    completion_tokens = _MIN_TOKENS + round(_TOKENS_PER_WORD * checks.LENGTHS[-1][1])
    return _MAX_ATTEMPTS * prompt_tokens, _MAX_ATTEMPTS * completion_tokens


def _add_usage(total: ActContent, completion: Completion) -> ActContent:
    usage = completion.usage
    return ActContent(
        tokens_in=total.tokens_in + usage.tokens_in,
        tokens_out=total.tokens_out + usage.tokens_out,
        cost_usd=total.cost_usd
        + (maximum_cost(usage) if usage.cost_usd is None else usage.cost_usd),
        model=completion.model,
    )


def _lore(context: ActContext) -> str:
    """Return the section about what the speaker knows of what is talked about."""
    if not context.lore:
        return ""
    return f"\n\nWhat you know of it:\n{_bullets(context.lore)}"


def _shared_photos(context: ActContext) -> str:
    """Return the section about photos that the speaker has posted recently."""
    if not context.shared:
        return ""
    return f"\n\nPhotos you posted lately, of which you may speak:\n{_bullets(context.shared)}"


def _heard(context: ActContext) -> str:
    """Return the section about what people told the speaker in the server lately."""
    if not context.heard:
        return ""
    lines = [shorten(on_one_line(each), _MAX_HEARD) for each in context.heard]
    return (
        "\n\nWhat people here told you lately, of which you may speak:\n"
        f"<board>\n{_bullets(lines)}\n</board>"
    )


def _avoided_lines(own: Sequence[str]) -> str:
    """Return the speaker's last texts as ones not to repeat.

    They are shortened, because models repeat longer ones.
    """
    if not own:
        return ""
    lines = "\n".join(
        f"- {shorten(' '.join(each.split()), 60)}" for each in own[-_MAX_AVOIDED_LINES:]
    )
    return f"You said these already, so say and begin nothing like them:\n{lines}\n"


def _transcript(lines: Sequence[BoardMessage]) -> str:
    return "\n".join(f"{_escape(line.name)}: {_escape(line.text)}" for line in lines)


def _bullets(texts: Sequence[str]) -> str:
    return "\n".join(f"- {_escape(text)}" for text in texts)


def _escape(text: str) -> str:
    """Return user content on one line, without angle brackets, and truncated.

    It cannot close the block that it is quoted in.
    """
    return _truncate(" ".join(text.split()), _MAX_TEXT_TOKENS).replace("<", "‹").replace(">", "›")


def _truncate(text: str, tokens: int) -> str:
    end = fitting_length(text, tokens, "…")
    return text if end >= len(text) else f"{text[:end]}…"
