"""Asking a model for words that may be said, three times at most."""

import logging
import random
from collections.abc import Sequence

from services.engine import checks
from services.engine.errors import Skipped, SkipReason
from services.engine.ports import ActStore, Author
from services.engine.prompts import load_template
from services.engine.types import ActContent, ActContext, BoardMessage
from services.llm import (
    Caller,
    ChatMessage,
    Completion,
    Request,
    Sampling,
    fitting_length,
    maximum_cost,
)
from services.texts import shorten

log = logging.getLogger(__name__)

_TRIES = 3
_BREAK = "\n---\n"
_FEW, _AVOIDED, _THREAD = 6, 5, 6
DEFINITION, _TEXT = 900, 250  # tokens at most
_LEAST_TOKENS, _TOKENS_A_WORD = 24, 2.2


class Writer:
    """Writes what a personality says. Each try is one request to the model."""

    def __init__(self, author: Author) -> None:
        self._author = author

    async def write(
        self, notebook: ActStore, scene: ActContext, *, name: str, least: int = 2
    ) -> ActContent:
        """Return words for an act, by the prompt of that name; about `least` of them, or more.

        Raises:
            ModelError: The model did not answer.
            Skipped: Three answers could not be said.
        """
        chance = random.Random(f"{scene.seed}:{scene.task_id}")  # noqa: S311 - a length
        spent, found = ActContent(), "nothing"
        for _ in range(_TRIES):
            words = max(checks.length(chance.random()), least)
            request = self._request(scene, name, words)
            await notebook.wait_for_rate_limit(scene)
            answer = await self._author.complete(
                request,
                caller=Caller(
                    purpose=f"engine {scene.kind}",
                    personality_id=scene.personality_id,
                    guild_id=scene.guild_id,
                ),
                fallback=scene.fallback,
            )
            spent = _added(spent, answer)
            text = checks.fit(answer.text, scene, words)
            secret = "\n".join(message.content for message in request.messages[:1])
            found = checks.defect_in(text, scene, words=words, secret=secret, whole=answer.text)
            if found is None:
                return spent.model_copy(update={"text": text})
            log.info("%s is not said by task %s: %s", scene.kind, scene.task_id, found)
        raise Skipped(
            SkipReason.REPEAT if found == "repeat" else SkipReason.SPEECHLESS,
            tokens_in=spent.tokens_in,
            tokens_out=spent.tokens_out,
            cost_usd=spent.cost_usd,
        )

    async def ask(self, notebook: ActStore, scene: ActContext, *, name: str) -> ActContent:
        """Return the answer to a question, whatever it is."""
        await notebook.wait_for_rate_limit(scene)
        answer = await self._author.complete(
            self._request(scene, name, 1),
            caller=Caller(purpose=f"engine {scene.kind}", personality_id=scene.personality_id),
            fallback=scene.fallback,
        )
        return _added(ActContent(), answer).model_copy(update={"text": answer.text})

    def _request(self, scene: ActContext, name: str, words: int) -> Request:
        definition = _cut(scene.definition, DEFINITION)
        base = load_template("base").format(name=scene.name, definition=definition) + _shared(scene)
        asked = scene.target or scene.post or BoardMessage(name="", text="")
        post = scene.post or BoardMessage(name="", text="")
        fields = {
            "base": base,
            "name": scene.name,
            "words": words,
            "topic": _quoted(scene.topic or "whatever is on your mind"),
            "tone": _quoted(scene.tone or "easy, friendly"),
            "author": _quoted(post.name),
            "post": _quoted(post.text),
            "asked_name": _quoted(asked.name),
            "asked": _quoted(asked.text),
            "thread": _lines([line for line in scene.thread if line != asked][-_THREAD:]),
            "board_lines": _plain(scene.board_lines[-_FEW:]) or "nothing yet",
            "avoid": _avoid(scene.own_here),
        }
        system, _, user = (part.format(**fields) for part in load_template(name).partition(_BREAK))
        return Request(
            model=scene.model,
            messages=(ChatMessage("system", system.strip()), ChatMessage("user", user.strip())),
            sampling=Sampling(
                temperature=0.9, max_tokens=_LEAST_TOKENS + round(_TOKENS_A_WORD * words)
            ),
            cache_key=f"engine:{scene.personality_id}",
        )


def most_tokens(scene_room: int = DEFINITION + 12 * _TEXT) -> tuple[int, int]:
    """Return how many tokens an act may read and write at most, all tries together."""
    written = _LEAST_TOKENS + round(_TOKENS_A_WORD * checks.LENGTHS[-1][1])
    return _TRIES * scene_room, _TRIES * written


def _added(spent: ActContent, answer: Completion) -> ActContent:
    usage = answer.usage
    return ActContent(
        tokens_in=spent.tokens_in + usage.tokens_in,
        tokens_out=spent.tokens_out + usage.tokens_out,
        cost_usd=spent.cost_usd
        + (maximum_cost(usage) if usage.cost_usd is None else usage.cost_usd),
        model=answer.model,
    )


def _shared(scene: ActContext) -> str:
    """Return which photos the speaker has posted lately, as what it may speak of."""
    if not scene.shared:
        return ""
    return f"\n\nPhotos you posted lately, of which you may speak:\n{_plain(scene.shared)}"


def _avoid(own: Sequence[str]) -> str:
    """Return the speaker's last lines as what not to say again: short, or it would."""
    if not own:
        return ""
    lines = "\n".join(f"- {shorten(' '.join(each.split()), 60)}" for each in own[-_AVOIDED:])
    return f"You said these already, so say and begin nothing like them:\n{lines}\n"


def _lines(lines: Sequence[BoardMessage]) -> str:
    return "\n".join(f"{_quoted(line.name)}: {_quoted(line.text)}" for line in lines)


def _plain(texts: Sequence[str]) -> str:
    return "\n".join(f"- {_quoted(text)}" for text in texts)


def _quoted(text: str) -> str:
    """Return material that cannot end its block from inside, and is not too long."""
    return _cut(" ".join(text.split()), _TEXT).replace("<", "‹").replace(">", "›")


def _cut(text: str, tokens: int) -> str:
    end = fitting_length(text, tokens, "…")
    return text if end >= len(text) else f"{text[:end]}…"
