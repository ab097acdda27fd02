"""Import of system prompts and configs."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import select

from db.models import LlmConfig, SystemPrompt
from services.legacy.conversion import NameRegistry, to_parameter, to_timestamps, to_vendor_model
from services.legacy.migration import Migration
from services.legacy.report import RowKind
from services.legacy.shapes import Row
from services.llm import VENDORS
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
    """Import configs, global ones and users' own; an existing default stays the default."""
    existing = {each.id: each for each in await migration.session.scalars(select(LlmConfig))}
    names: defaultdict[UUID | None, NameRegistry] = defaultdict(NameRegistry)
    for each in existing.values():
        names[each.owner_id].reserve(each.name)
    has_default = any(each.is_default for each in existing.values())
    new: list[dict[str, Any]] = []
    for row in await migration.new_rows("llm_configs", RowKind.CONFIGS, existing):
        # The first version had no owners; a default is everybody's.
        is_own = row.get("is_global") is False and not row.get("is_default")
        owner = migration.user(row.get("owner_id")) if is_own else None
        if is_own and owner is None and row.get("owner_id"):
            migration.report.skip(f"config {row.get('name')!r}: its owner did not come over")
            continue
        name = migration.assign_name(names[owner.id if owner else None], row, "config")
        is_default = _is_default(migration, row, f"config {name!r}", has_default=has_default)
        has_default = has_default or is_default
        model, vision = (
            _with_provider(row.get("provider"), row.get(each)) for each in ("model", "vision_model")
        )
        new.append(
            {
                "id": UUID(row["id"]),
                "owner_id": owner.id if owner else None,
                "name": name,
                "description": row.get("description"),
                "is_default": is_default,
                "model": _convert_model(migration, name, model or ""),
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


def _with_provider(provider: str | None, model: str | None) -> str | None:
    """Return a model with the vendor that later versions name in a column of its own."""
    if not model or provider not in VENDORS or model.startswith(f"{provider}/"):
        return model
    return f"{provider}/{model}"


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
    for name in row.get("unknown_parameters", ()):
        migration.report.skip(f"config {config!r}: there is no parameter {name!r} here")
    return parameters
