"""Examples of how a personality speaks: conversations as messages, or plain lines."""

from collections.abc import Collection

from db.models import Personality
from services.llm import ChatMessage
from services.macros import Macros
from services.personalities import has_turns, split_examples

_EXAMPLE = "[An example of how {name} speaks, from another conversation]"


def plain_examples(personality: Personality) -> list[str]:
    """Return examples that are lines and no conversation, as a paragraph of the definition."""
    text = personality.conversational_examples or ""
    if not text or has_turns(text, (personality.name, personality.nickname or "")):
        return []
    return [f"Examples of how you speak: {text}"]


def render_examples(personality: Personality, macros: Macros) -> list[list[ChatMessage]]:
    """Return each example conversation as messages, with a heading."""
    heading = ChatMessage("system", _EXAMPLE.format(name=macros.values.char))
    return [[heading, *each] for each in read_examples(personality, macros)]


def read_examples(personality: Personality, macros: Macros) -> list[list[ChatMessage]]:
    """Return each example conversation as messages; examples that are lines are none."""
    if plain_examples(personality):
        return []
    name, user = macros.values.char, macros.values.user
    own = {name, personality.name}
    blocks = split_examples(macros.expand(personality.conversational_examples or ""))
    return [_read_example(block, own=own, user=user) for block in blocks]


def _read_example(block: str, *, own: Collection[str], user: str) -> list[ChatMessage]:
    """Return the messages of a written conversation; what nobody says in it is the character's."""
    messages: list[ChatMessage] = []
    for line in block.splitlines():
        speaker, colon, text = line.partition(":")
        speaker = speaker.strip()
        if colon and speaker in own:
            messages.append(ChatMessage("assistant", text.strip()))
        elif colon and speaker == user:
            messages.append(ChatMessage("user", line.strip()))
        elif messages:
            last = messages[-1]
            messages[-1] = ChatMessage(last.role, f"{last.content}\n{line}".strip())
        else:
            messages.append(ChatMessage("assistant", line))
    return messages
