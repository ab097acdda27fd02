"""What chat templates demand of the roles of messages.

Servers such as vLLM and llama.cpp refuse a prompt that a model's template cannot render: Mistral's
and Gemma's demand that user and assistant alternate, some have no system role.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from services.llm.types import ChatMessage

_ALTERNATION = re.compile(
    r"alternat|consecutive (?:user|assistant|messages)|last role|"
    r"(?:first|last) message must|expected (?:last )?role|"
    r"must (?:start|begin|end) with (?:a )?user",
    re.IGNORECASE,
)
_NO_SYSTEM = re.compile(
    r"(?:system|developer)[ _]?(?:role|message|prompt|instruction)s?\b[^.]{0,40}"
    r"(?:not (?:supported|enabled|allowed|available)|unsupported|no support)|"
    r"(?:not|n't) support (?:the |a )?(?:system|developer)|"
    r"(?:unsupported|unknown|invalid|unexpected) role:? ?[\"'`]?(?:system|developer)|"
    r"only user(?:,| and) assistant",
    re.IGNORECASE,
)
_SYSTEM_FIRST = re.compile(
    r"system (?:role |message )?(?:must|should|can only|may only|has to) (?:only )?"
    r"(?:be|come|appear)[^.]{0,20}(?:first|beginning|start)|"
    r"only (?:the )?first message (?:can|may)[^.]{0,20}system|"
    r"system[^.]{0,20}only (?:allowed )?(?:as the|at the|in the) (?:first|beginning|start)",
    re.IGNORECASE,
)
# What a conversation that begins in the middle is told to begin with.
_BEGINNING = "…"


@dataclass(frozen=True, kw_only=True)
class ChatTemplate:
    """What a template demands."""

    alternates: bool = False
    is_system_first: bool = False
    lacks_system: bool = False

    def stricter(self, refusal: str) -> "ChatTemplate | None":
        """Return what a refusal demands in addition, or None if it is about something else."""
        learned = replace(
            self,
            alternates=self.alternates or bool(_ALTERNATION.search(refusal)),
            is_system_first=self.is_system_first or bool(_SYSTEM_FIRST.search(refusal)),
            lacks_system=self.lacks_system or bool(_NO_SYSTEM.search(refusal)),
        )
        return None if learned == self else learned

    def fit(self, messages: tuple[ChatMessage, ...]) -> tuple[ChatMessage, ...]:
        """Return messages with roles that the template takes, and with the same text.

        A system message that has no place, at the beginning or at all, is a user's.
        """
        if self == ChatTemplate():
            return messages
        first = next((n for n, each in enumerate(messages) if each.role != "system"), 0)
        system = () if self.lacks_system else _join(messages[:first])
        rest = messages[len(messages[:first]) if system else 0 :]
        turns = tuple(
            replace(each, role="user") if each.role == "system" else each for each in rest
        )
        if not self.alternates:
            return (*system, *turns)
        turns = _join(turns)
        if turns and turns[0].role == "assistant":
            turns = (ChatMessage("user", _BEGINNING), *turns)
        return (*system, *turns)


def without_tools(messages: Iterable[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Return messages without calls of functions; a user tells what they returned."""
    plain: list[ChatMessage] = []
    for each in messages:
        if each.role == "tool":
            plain.append(ChatMessage("user", each.content))
        elif not each.calls:
            plain.append(each)
        elif each.content:
            plain.append(ChatMessage(each.role, each.content))
    return tuple(plain)


def _join(messages: Iterable[ChatMessage]) -> tuple[ChatMessage, ...]:
    """Return messages with neighbours of one role as one."""
    joined: list[ChatMessage] = []
    for each in messages:
        is_text = each.role != "tool" and not each.calls
        if joined and joined[-1].role == each.role and is_text and not joined[-1].calls:
            text = "\n\n".join(part for part in (joined[-1].content, each.content) if part)
            joined[-1] = ChatMessage(each.role, text, joined[-1].images + each.images)
        else:
            joined.append(each)
    return tuple(joined)
