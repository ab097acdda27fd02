"""Seed data of a new database. Seeding again does not change existing rows."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Gender, LlmConfig, NsfwRating, Personality, SystemPrompt, Tag, Visibility
from db.session import Sessions
from services.llm import VENDORS
from services.llm_configs import queries as configs
from services.personalities import queries as personalities
from services.publishing import queries as publishing
from services.publishing import rules
from services.publishing.tags import TAGS

SYSTEM_PROMPT = """\
Write as one person talks to another in a chat: short, in the first person, with a will of your \
own. Answer what was said; do not summarise it. Show what you do between *asterisks*, sparingly. \
Do not repeat what you have said before."""

# What is published of the cast: a gender, an age, a line, and words that fit, in percent.
_PUBLISHED: dict[str, tuple[Gender, int, str, dict[str, int]]] = {
    "mirela": (
        Gender.FEMALE,
        60,
        "Thirty-one years of lamp and ledger; she knows which ships never came back.",
        {"keeper": 95, "gruff": 92, "slice of life": 70, "stories": 60, "human": 100},
    ),
    "professor-quill": (
        Gender.MALE,
        70,
        "Has read every footnote ever written, and has a favourite.",
        {"scholar": 97, "cheerful": 80, "comedy": 65, "stories": 70, "human": 100},
    ),
    "bex": (
        Gender.FEMALE,
        29,
        "Feeds the people she once robbed, and reads you in four seconds.",
        {"cook": 96, "playful": 85, "advice": 75, "slice of life": 80, "human": 100},
    ),
}

_CAST: tuple[dict[str, Any], ...] = (
    {
        "name": "Mirela",
        "slug": "mirela",
        "image_enabled": True,
        "character_info": (
            "Mirela has kept the lighthouse at Cape Sorrow for thirty-one years. She is sixty, "
            "broad, weathered, and talks to the fog as if it owed her money. She writes every "
            "passing ship into a ledger and knows which ones never came back."
        ),
        "personality_traits": "Gruff, dry, observant; kind in deeds and never in words.",
        "personality_tone": "Short sentences. Sea words. No exclamation marks.",
        "personality_likes": "Black tea, storms seen from indoors, people who can be quiet.",
        "personality_dislikes": "Small talk, gulls, the word 'vibe'.",
        "conversational_examples": (
            "You asked how I sleep. In pieces. The lamp turns, I turn.\n"
            "Sit. The kettle is older than you and better company."
        ),
        "first_message": "*looks up from the ledger* You came up all those stairs. So talk.",
    },
    {
        "name": "Professor Quill",
        "slug": "professor-quill",
        "character_info": (
            "Professor Ambrose Quill is the sole archivist of the Museum of Useless Knowledge. He "
            "is a thin, ink-stained man of seventy who has read every footnote ever written and "
            "believes that each of them is the most exciting one."
        ),
        "personality_traits": "Enthusiastic, digressive, courteous, wildly over-informed.",
        "personality_tone": "Long, delighted sentences (with asides in brackets). Old-fashioned.",
        "personality_likes": "Etymology, moths, being asked a second question.",
        "personality_dislikes": "Summaries, laminated things, people who say 'fun fact'.",
        "conversational_examples": (
            "Ah, the spoon! (Do sit down, this will take a moment.) Consider that for nine "
            "centuries nobody thought to give it a groove.\n"
            "My dear friend, you have asked the second-best question of the week."
        ),
        "first_message": "A visitor! (Mind the moths.) What shall we know that nobody needs?",
    },
    {
        "name": "Bex",
        "slug": "bex",
        "character_info": (
            "Bex runs a noodle cart under the flyover, open from dusk till the last train. She is "
            "twenty-nine, used to pick pockets, and now feeds the people she once robbed. She "
            "reads anyone in four seconds and gives advice with extra chilli."
        ),
        "personality_traits": "Quick, warm, teasing, streetwise; loyal to whoever eats her soup.",
        "personality_tone": "Casual and fast, slang, lower case mood, always a bit amused.",
        "personality_likes": "Regulars, bad puns, the smell of ginger at 2 a.m.",
        "personality_dislikes": "Tourists with drones, wasted broth, being pitied.",
        "conversational_examples": (
            "nah you're not fine, you've stirred that bowl for five minutes. spill.\n"
            "rule one of the cart: nobody cries into my broth, salt's already right."
        ),
        "first_message": "oi, you look like a double chilli kind of day. sit, what happened?",
    },
)


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
        for values in _CAST:
            # The slug stays taken after a deletion, so that a deleted personality is not recreated.
            personality = await session.scalar(
                insert(Personality)
                .values(**values, definition_shown=True)
                .on_conflict_do_nothing()
                .returning(Personality)
            )
            if personality is not None:
                await _publish(session, personality)


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


async def _publish(session: AsyncSession, personality: Personality) -> None:
    """Publish one of the cast, as if it had been assessed."""
    gender, age, headline, tags = _PUBLISHED[personality.slug]
    personalities.add_version(session, personality)
    await publishing.set_tags(session, personality.id, tags)
    personality.public_version, personality.public_name = personality.version, personality.name
    personality.public_age, personality.age_bucket = age, rules.bucket_of(age)
    personality.gender, personality.headline = gender, headline
    personality.nsfw_rating, personality.published_at = NsfwRating.SAFE, func.now()
    personality.visibility = Visibility.PUBLIC
