"""Import of system prompts and configs."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.models import LlmConfig, SystemPrompt
from services.legacy.conversion import NameRegistry, to_parameter, to_timestamps, to_vendor_model
from services.legacy.migration import Migration
from services.legacy.report import RowKind
from services.legacy.source import Row
from services.llm_configs import PARAMETERS


async def move_prompts(migration: Migration) -> None:
    """Import system prompts; an existing default stays the default."""
    existing = {each.id: each for each in await migration.session.scalars(select(SystemPrompt))}
    names = NameRegistry(each.name for each in existing.values())
    has_default = any(each.is_default for each in existing.values())
    new: list[dict[str, Any]] = []
    for row in await migration.new_rows("system_prompts", RowKind.PROMPTS, existing):
        name = migration.assign_name(names, row, "system prompt")
        is_default = _is_default(migration, row, f"system prompt {name!r}", has_default=has_default)
        has_default = has_default or is_default
        new.append(
            {
                "id": UUID(row["id"]),
                "name": name,
                "content": row.get("content") or "",
                "description": row.get("description"),
                "is_default": is_default,
                **to_timestamps(row),
            }
        )
    await migration.insert(RowKind.PROMPTS, SystemPrompt, new)
    migration.prompts = {*existing, *(each["id"] for each in new)}


async def move_configs(migration: Migration) -> None:
    """Import configs as global ones; an existing default stays the default."""
    existing = {each.id: each for each in await migration.session.scalars(select(LlmConfig))}
    names = NameRegistry(each.name for each in existing.values() if each.owner_id is None)
    has_default = any(each.is_default for each in existing.values())
    new: list[dict[str, Any]] = []
    for row in await migration.new_rows("llm_configs", RowKind.CONFIGS, existing):
        name = migration.assign_name(names, row, "config")
        is_default = _is_default(migration, row, f"config {name!r}", has_default=has_default)
        has_default = has_default or is_default
        vision = row.get("vision_model")
        new.append(
            {
                "id": UUID(row["id"]),
                "owner_id": None,
                "name": name,
                "description": row.get("description"),
                "is_default": is_default,
                "model": _convert_model(migration, name, row["model"]),
                "vision_model": _convert_model(migration, name, vision) if vision else None,
                **_convert_parameters(migration, name, row),
                **to_timestamps(row),
            }
        )
    await migration.insert(RowKind.CONFIGS, LlmConfig, new)
    migration.configs = {*existing, *(each["id"] for each in new)}


def _is_default(migration: Migration, row: Row, label: str, *, has_default: bool) -> bool:
    """Whether a row stays the default: only if there is no other default."""
    if row.get("is_default") and has_default:
        migration.report.changed.append(
            f"{label} is not the default any more: there is another one"
        )
    return bool(row.get("is_default")) and not has_default


def _convert_model(migration: Migration, config: str, model: str) -> str:
    """Return a model as `vendor/model`, and report any change."""
    converted = to_vendor_model(model)
    if converted != model:
        migration.report.changed.append(
            f"config {config!r}: the model {model!r} is {converted!r} now"
        )
    return converted


def _convert_parameters(
    migration: Migration, config: str, row: Row
) -> dict[str, float | int | None]:
    """Return the parameters that are within their bounds, and report those that are not."""
    parameters = {name: to_parameter(name, row.get(name)) for name in PARAMETERS}
    for name, value in parameters.items():
        if value is None and row.get(name) is not None:
            low, high, _ = PARAMETERS[name]
            migration.report.changed.append(
                f"config {config!r}: {name} {row[name]} is left out, not within {low} to {high}"
            )
    return parameters
