"""The prompt of an act for a model that is too small for the ordinary one, such as the bundled one.

It sees who it is in few words, and its own last lines as turns that it goes on from; it writes
several lines at once, of which the first is taken that passes the checks.
"""

from dataclasses import replace
from typing import Final

from services.engine.types import ActContext
from services.llm import ChatMessage, Request, Sampling
from services.texts import on_one_line, shorten

_CANDIDATES: Final = 4
_MAX_TOKENS: Final = 48
_DEFINITION_CHARACTERS, _LINE_CHARACTERS = 450, 240
_OWN_LINES: Final = 3
_ASKED: Final = ("What happened today?", "And what did you notice?", "What is on your mind?")


def to_request(request: Request, context: ActContext) -> Request:
    """Return the request of an act with a short prompt, for several short lines."""
    definition = shorten(on_one_line(context.definition), _DEFINITION_CHARACTERS)
    target = context.target or context.post
    task = "Answer in one sentence." if target else "Tell one small thing in one or two sentences."
    messages = [ChatMessage("system", f"You are {context.name}. {definition}\n{task}")]
    for asked, line in zip(_ASKED, context.own_here[-_OWN_LINES:], strict=False):
        messages.append(ChatMessage("user", asked))
        messages.append(ChatMessage("assistant", shorten(on_one_line(line), _LINE_CHARACTERS)))
    last = shorten(on_one_line(target.text), _LINE_CHARACTERS) if target else "What else?"
    return replace(
        request,
        messages=(*messages, ChatMessage("user", last)),
        sampling=Sampling(temperature=0.8, max_tokens=_MAX_TOKENS),
        candidates=_CANDIDATES,
    )
