"""Messages that stand at a depth of a conversation: notes of cards, and lore."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from db.models import LoreScope
from services.llm import ChatMessage, MessageRole
from services.lore import Activated, Position, Reason
from services.macros import Macros, is_volatile

_LORE = "[What {name} knows of what is talked about]"
_ROLES: Mapping[str, MessageRole] = {"system": "system", "user": "user", "assistant": "assistant"}
_BEFORE_LAST = 1  # the depth before the last message


@dataclass(frozen=True)
class Insert:
    """A text that stands so many messages before the end, or after the first of the history."""

    text: str
    depth: int
    role: str = "system"
    from_oldest: bool = False

    @property
    def message(self) -> ChatMessage:
        """Return the text as a message."""
        return ChatMessage(_ROLES[self.role], self.text)


@dataclass(frozen=True, kw_only=True)
class PlacedLore:
    """Lore by where it stands: around the definition, in the context block, in the conversation.

    Around the definition stands only what is the same in the next prompt, for its cached beginning.
    """

    before: Sequence[str] = ()
    after: Sequence[str] = ()
    context: Sequence[str] = ()
    inserts: Sequence[Insert] = field(default_factory=tuple[Insert])


def place_lore(lore: Sequence[Activated], macros: Macros, token_limit: int) -> PlacedLore:
    """Return where lore stands; what exceeds the limit in estimated tokens is left out.

    A person's own lore is background in the context block, as what they say of themselves.
    """
    before: list[str] = []
    after: list[str] = []
    context: list[str] = []
    block: list[str] = []
    inserts: list[Insert] = []
    used = 0
    for each in lore:
        used += each.tokens
        if used > token_limit:
            used -= each.tokens
        elif each.book.scope is LoreScope.PERSONA:
            context.append(each.text)
        elif _is_stable(each):
            is_before = each.entry.position is Position.BEFORE_DEFINITION
            (before if is_before else after).append(macros.expand(each.entry.content))
        elif each.entry.position is Position.AT_DEPTH:
            entry = each.entry
            inserts.append(Insert(each.text, entry.depth, entry.role, entry.from_oldest))
        else:
            block.append(each.text)
    if block:
        heading = _LORE.format(name=macros.values.char)
        inserts.append(Insert("\n\n".join([heading, *block]), _BEFORE_LAST))
    return PlacedLore(before=before, after=after, context=context, inserts=inserts)


def insert_all(
    dialogue: Sequence[ChatMessage], inserts: Sequence[Insert], *, first: int
) -> list[ChatMessage]:
    """Return a dialogue with texts inserted, none before the message at index `first`."""
    by_index: dict[int, list[ChatMessage]] = {}
    for each in inserts:
        index = first + each.depth if each.from_oldest else len(dialogue) - each.depth
        by_index.setdefault(min(max(index, first), len(dialogue)), []).append(each.message)
    messages: list[ChatMessage] = []
    for index, message in enumerate(dialogue):
        messages += [*by_index.get(index, ()), message]
    return [*messages, *by_index.get(len(dialogue), ())]


def _is_stable(lore: Activated) -> bool:
    return (
        lore.reason is Reason.CONSTANT
        and lore.entry.position is not Position.AT_DEPTH
        and not (lore.entry.sticky or lore.entry.cooldown or lore.entry.probability < 100)  # noqa: PLR2004 - per cent
        and not is_volatile(lore.entry.content)
    )
