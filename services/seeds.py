"""Seed data of a new database. Seeding again does not change existing rows."""

import tomllib
from collections.abc import Collection
from importlib.resources import files
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    LlmConfig,
    LoreScope,
    NsfwRating,
    Personality,
    SystemPrompt,
    Tag,
    Visibility,
)
from db.session import Sessions
from services.llm import VENDORS
from services.llm_configs import queries as configs
from services.lore import LoreTarget, formats
from services.lore import queries as lore
from services.personalities import queries as personalities
from services.publishing import queries as publishing
from services.publishing import rules
from services.publishing.tags import TAGS

SYSTEM_PROMPT = """\
Write as one person talks to another in a chat: short, in the first person, with a will of your \
own. Answer what was said; do not summarise it. Show what you do between *asterisks*, sparingly. \
Do not repeat what you have said before."""


def _read_cast() -> list[dict[str, Any]]:
    return tomllib.loads((files("services") / "cast.toml").read_text("utf-8"))["personality"]


async def seed(sessions: Sessions, *, vendors: Collection[str]) -> None:
    """Add the default system prompt, a global config for each vendor, and the demo cast."""
    async with sessions.begin() as session:
        await session.execute(
            insert(SystemPrompt)
            .values(name="Default", content=SYSTEM_PROMPT, is_default=True)
            .on_conflict_do_nothing()
        )
        configured = [vendor for vendor in VENDORS.values() if vendor.name in vendors]
        for vendor in configured:
            await session.execute(
                insert(LlmConfig)
                .values(
                    owner_id=None,
                    name=vendor.label,
                    model=f"{vendor.name}/default",
                    **vendor.config,
                )
                .on_conflict_do_nothing()
            )
        if not await configs.has_default(session):
            first = configured[0].label if configured else ""
            config = await configs.find(session, None, first)
            if config is not None:
                await configs.make_default(session, config.id)
        await _seed_tags(session)
        for member in _read_cast():
            await _add_to_cast(session, member)


async def _add_to_cast(session: AsyncSession, member: dict[str, Any]) -> None:
    """Add a personality of the cast, with its lore, unless its slug was ever taken."""
    columns = {name: value for name, value in member.items() if name not in ("published", "lore")}
    # The slug stays taken after a deletion, so that a deleted personality is not recreated.
    personality = await session.scalar(
        insert(Personality)
        .values(**columns, definition_shown=True)
        .on_conflict_do_nothing()
        .returning(Personality)
    )
    if personality is None:
        return
    target = LoreTarget(scope=LoreScope.PERSONALITY, personality_id=personality.id)
    book = formats.read_document({"entries": member["lore"]})
    await lore.add_book(session, target, None, personality.name, book)
    await _publish(session, personality, member["published"])


async def _seed_tags(session: AsyncSession) -> None:
    """Insert the tags, and update their categories and order."""
    names = [(name, category) for category, tag_names in TAGS.items() for name in tag_names]
    statement = insert(Tag).values(
        [
            {"name": name, "category": category, "sort_order": order}
            for order, (name, category) in enumerate(names)
        ]
    )
    changed = {name: statement.excluded[name] for name in ("category", "sort_order")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Tag.name],
            set_=changed,
            where=func.row(Tag.category, Tag.sort_order).is_distinct_from(
                func.row(statement.excluded.category, statement.excluded.sort_order)
            ),
        )
    )


async def _publish(
    session: AsyncSession, personality: Personality, published: dict[str, Any]
) -> None:
    """Publish one of the cast, as if it had been assessed. Tags are percentages of fit."""
    personalities.add_version(session, personality)
    await publishing.set_tags(session, personality.id, published["tags"])
    personality.public_version, personality.public_name = personality.version, personality.name
    personality.public_age = published["age"]
    personality.age_bucket = rules.bucket_of(published["age"])
    personality.gender, personality.headline = published["gender"], published["headline"]
    personality.nsfw_rating, personality.published_at = NsfwRating.SAFE, func.now()
    personality.visibility = Visibility.PUBLIC
