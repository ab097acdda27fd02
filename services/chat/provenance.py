"""How an answer came about: what its person is told with it, and what when they ask."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from db.models import LlmConfig, Memory
from services.chat import lore_search
from services.chat.prompt import Prompt
from services.chat.reply_context import ReplyContext
from services.chat.seeing import Seen
from services.chat.tool_rounds import ToolRounds
from services.llm import Completion, Sampling
from services.llm_configs import SAMPLING
from services.lore import Activation
from services.memory import OwnFact

MAX_TOKENS: Final = 1024


def sampling_of(config: LlmConfig) -> Sampling:
    """Return the sampling of a config, with a limit of the answer."""
    values = {name: getattr(config, name) for name in SAMPLING}
    return Sampling(**{**values, "max_tokens": values["max_tokens"] or MAX_TOKENS})


def notes_on(
    context: ReplyContext, model: str, completion: Completion, seen: Seen
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
    if context.user.incognito:
        notes.append("Incognito: nothing of this is stored.")
    if seen.is_blind and seen.own:
        notes.append("I cannot see pictures: this config has no vision model.")
    return tuple(notes)


def provenance_of(
    context: ReplyContext,
    completion: Completion,
    built_prompt: Prompt,
    lore: Activation,
    rounds: ToolRounds,
) -> dict[str, Any]:
    """Return how an answer came about, as *Why this reply?* tells it."""
    resolution, usage = context.resolution, completion.usage
    return {
        "version": resolution.personality.version,
        "config": context.config.name,
        "config_source": resolution.config_source,
        "persona": resolution.persona.name,
        "persona_source": resolution.persona_source,
        "request": str(completion.request_id) if completion.request_id else None,
        "model": completion.model,
        "sampling": sampling_of(context.config).specified(),
        "tokens_in": usage.tokens_in or built_prompt.tokens,
        "tokens_cached": usage.tokens_cached,
        "tokens_out": usage.tokens_out,
        "cost_usd": usage.cost_usd,
        # Without their contents, which would otherwise remain after the memories are deleted.
        "memories": [
            {"id": str(memory.id), "score": round(memory.score, 3)} for memory in context.memories
        ],
        "facts": [str(fact.id) for fact in context.facts],
        "lore": lore_search.provenance(lore),
        **({"tools": rounds.provenance} if rounds.called else {}),
    }


def contents_of(
    provenance: Mapping[str, Any],
    memories: Mapping[UUID, Memory],
    facts: Sequence[OwnFact],
    *,
    user_id: UUID,
) -> dict[str, Any]:
    """Return what a provenance names only by ids, with the contents that its user may see."""
    used = {UUID(each) for each in provenance.get("facts", ())}
    return {
        "memories": [
            {**each, "content": memory.content, "is_own": memory.user_id == user_id}
            if (memory := memories.get(UUID(each["id"])))
            else {**each, "content": "…"}
            for each in provenance.get("memories", ())
        ],
        "facts": [
            {"id": str(each.fact.id), "content": each.text, "is_own": True}
            for each in facts
            if each.fact.id in used
        ],
    }
