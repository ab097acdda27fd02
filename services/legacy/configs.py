"""System prompts and configs."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.models import LlmConfig, SystemPrompt
from services.legacy.conversion import NameRegistry, dates, parameter, vendor_model
from services.legacy.migration import Migration
from services.legacy.report import RowKind
from services.legacy.source import Row
from services.llm_configs import PARAMETERS


async def move_prompts(move: Migration) -> None:
    """Bring system prompts over; where we have a default, it stays the default."""
    here = {each.id: each for each in await move.session.scalars(select(SystemPrompt))}
    names = NameRegistry(each.name for each in here.values())
    has_default = any(each.is_default for each in here.values())
    new: list[dict[str, Any]] = []
    for row in await move.new_rows("system_prompts", RowKind.PROMPTS, here):
        name = move.give_name(names, row, "system prompt")
        is_default = _is_default(move, row, f"system prompt {name!r}", has_default=has_default)
        has_default = has_default or is_default
        new.append(
            {
                "id": UUID(row["id"]),
                "name": name,
                "content": row.get("content") or "",
                "description": row.get("description"),
                "is_default": is_default,
                **dates(row),
            }
        )
    await move.insert(RowKind.PROMPTS, SystemPrompt, new)
    move.prompts = {*here, *(each["id"] for each in new)}


async def move_configs(move: Migration) -> None:
    """Bring configs over as global ones; where we have a default, it stays the default."""
    here = {each.id: each for each in await move.session.scalars(select(LlmConfig))}
    names = NameRegistry(each.name for each in here.values() if each.owner_id is None)
    has_default = any(each.is_default for each in here.values())
    new: list[dict[str, Any]] = []
    for row in await move.new_rows("llm_configs", RowKind.CONFIGS, here):
        name = move.give_name(names, row, "config")
        is_default = _is_default(move, row, f"config {name!r}", has_default=has_default)
        has_default = has_default or is_default
        vision = row.get("vision_model")
        new.append(
            {
                "id": UUID(row["id"]),
                "owner_id": None,
                "name": name,
                "description": row.get("description"),
                "is_default": is_default,
                "model": _model(move, name, row["model"]),
                "vision_model": _model(move, name, vision) if vision else None,
                **_parameters(move, name, row),
                **dates(row),
            }
        )
    await move.insert(RowKind.CONFIGS, LlmConfig, new)
    move.configs = {*here, *(each["id"] for each in new)}


def _is_default(move: Migration, row: Row, what: str, *, has_default: bool) -> bool:
    """Whether a row is the default as it was: only where there is no other."""
    if row.get("is_default") and has_default:
        move.tally.changed.append(f"{what} is not the default any more: there is another one")
    return bool(row.get("is_default")) and not has_default


def _model(move: Migration, config: str, model: str) -> str:
    """Return a model as `vendor/model`, and note where it was not."""
    named = vendor_model(model)
    if named != model:
        move.tally.changed.append(f"config {config!r}: the model {model!r} is {named!r} now")
    return named


def _parameters(move: Migration, config: str, row: Row) -> dict[str, float | int | None]:
    """Return the parameters that are within their bounds, and note those that are not."""
    kept = {name: parameter(name, row.get(name)) for name in PARAMETERS}
    for name, value in kept.items():
        if value is None and row.get(name) is not None:
            low, high, _ = PARAMETERS[name]
            move.tally.changed.append(
                f"config {config!r}: {name} {row[name]} is left out, not within {low} to {high}"
            )
    return kept
