"""The search for lore that is done for an answer."""

from collections.abc import Sequence
from typing import Any

from db.models import ConversationLine, Role
from services.chat import prompt
from services.chat.greetings import GREETING
from services.chat.prompt import PromptContext
from services.chat.reply_context import ReplyContext
from services.lore import (
    BUDGET_SHARE,
    MAX_BUDGET,
    Activation,
    LoreContext,
    LoreLibrary,
)

_MAX_SHOWN = 20


async def search(
    library: LoreLibrary,
    context: ReplyContext,
    prompt_context: PromptContext,
    *,
    context_tokens: int,
    is_regenerated: bool,
) -> Activation:
    """Return the lore that the messages of a conversation activate."""
    if not context.books:
        return Activation()
    personality, history = prompt_context.personality, prompt_context.history
    macros = prompt.macros_of(prompt_context).speaking_to(prompt_context.speaker_name)
    own = [line for line in history if line.personality_id == personality.id]
    return await library.search(
        context.books,
        LoreContext(
            messages=[*(line.content for line in history), prompt_context.message],
            personality_name=personality.name,
            fields=macros.values.fields,
            # The messages of the channel, with the one that is answered.
            position=(history[-1].position if history else 0) + 1,
            own_messages=sum(line.role == Role.ASSISTANT for line in own),
            greeting=_greeting(context, own),
            trigger="regenerate" if is_regenerated else "normal",
            timers=context.timers,
            budget=min(int(context_tokens * BUDGET_SHARE), MAX_BUDGET),
        ),
        expand=macros.expand,
    )


def _greeting(context: ReplyContext, own: Sequence[ConversationLine]) -> int | None:
    """Return which first message a conversation began with, from 0; the one about to be said."""
    if context.greeting is not None:
        return context.greeting.page.index
    said = ((line.provenance or {}).get(GREETING) for line in reversed(own))
    return next((index for index in said if index is not None), None)


def provenance(lore: Activation) -> list[dict[str, Any]]:
    """Return which entries were used, without their texts."""
    return [
        {
            "id": str(each.entry.id),
            "entry": each.entry.name or "?",
            "book": each.book.name,
            "reason": each.reason.value,
            "key": each.key,
            "tokens": each.tokens,
        }
        for each in lore.activated[:_MAX_SHOWN]
    ]
