"""Recall of memories by words and by meaning, within the rule about locations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, insert, select, update

from db.models import Memory, Personality, User, Venue
from db.session import Sessions
from services.clock import SystemClock
from services.embeddings import WordLlamaEmbedder
from services.memory import (
    IndexHandler,
    KnownFact,
    MemoryService,
    Question,
    RetrievedMemory,
    add_stated,
    ask,
    best_part,
    birthday_span,
    find_updated,
    index,
    known_facts,
    names_birthday,
    retrieve,
    without_repetitions,
)
from services.memory.dates import named_dates
from services.people import get_or_create_user
from services.seeds import seed
from services.types import Actor, Channel
from tests.services.job_support import nothing_due, working

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HERE, THERE = 1, 2  # guilds
LOBBY, OTHER, HIDDEN, THREAD, CELLAR, ABROAD, DM = 11, 12, 13, 131, 14, 21, 31

PLACES = {
    "lobby": Channel(channel_id=LOBBY, guild_id=HERE, venue=Venue.PUBLIC),
    "other": Channel(channel_id=OTHER, guild_id=HERE, venue=Venue.PUBLIC),
    "hidden": Channel(channel_id=HIDDEN, guild_id=HERE, venue=Venue.PRIVATE),
    "thread": Channel(channel_id=THREAD, guild_id=HERE, venue=Venue.PRIVATE, parent_id=HIDDEN),
    "cellar": Channel(channel_id=CELLAR, guild_id=HERE, venue=Venue.PRIVATE),
    "abroad": Channel(channel_id=ABROAD, guild_id=THERE, venue=Venue.PUBLIC),
    "dm": Channel(channel_id=DM, guild_id=None, venue=Venue.DM),
    "voice": Channel(channel_id=41, guild_id=HERE, venue=Venue.PUBLIC),
    "forum": Channel(channel_id=421, guild_id=HERE, venue=Venue.PUBLIC, parent_id=42),
    "public thread": Channel(channel_id=111, guild_id=HERE, venue=Venue.PUBLIC, parent_id=LOBBY),
    "private thread": Channel(channel_id=112, guild_id=HERE, venue=Venue.PRIVATE, parent_id=LOBBY),
    "other thread": Channel(channel_id=132, guild_id=HERE, venue=Venue.PRIVATE, parent_id=HIDDEN),
    "hidden voice": Channel(channel_id=43, guild_id=HERE, venue=Venue.PRIVATE),
    "hidden forum": Channel(channel_id=441, guild_id=HERE, venue=Venue.PRIVATE, parent_id=44),
    "red": Channel(channel_id=51, guild_id=HERE, venue=Venue.PUBLIC, age_restricted=True),
    "red thread": Channel(
        channel_id=511, guild_id=HERE, venue=Venue.PUBLIC, parent_id=51, age_restricted=True
    ),
    "hidden red": Channel(channel_id=52, guild_id=HERE, venue=Venue.PRIVATE, age_restricted=True),
    "abroad hidden": Channel(channel_id=22, guild_id=THERE, venue=Venue.PRIVATE),
    "abroad red": Channel(channel_id=23, guild_id=THERE, venue=Venue.PUBLIC, age_restricted=True),
}
IN_PUBLIC = {
    each for each, place in PLACES.items() if place.guild_id == HERE and not place.age_restricted
}
RED = {each for each, place in PLACES.items() if place.guild_id == HERE and place.age_restricted}
ABROAD_ALL = {each for each, place in PLACES.items() if place.guild_id == THERE}
SUBJECTS = ("kettle", "lamp", "ledger", "gull", "stair", "anchor", "bread", "letter", "window")
DEEDS = ("broke", "vanished", "was painted", "smells of tar", "came back", "cost three coins")


@dataclass
class Mind:
    """One personality's memories of two users."""

    sessions: Sessions
    embedder: WordLlamaEmbedder
    personality: UUID
    alice: UUID
    bob: UUID

    async def hears(
        self,
        *contents: str,
        where: str = "lobby",
        user: UUID | None = None,
        days_ago: float = 1,
        sitting: UUID | None = None,
        updates_id: UUID | None = None,
    ) -> None:
        place, at = PLACES[where], NOW - timedelta(days=days_ago)
        texts = await index(self.embedder, contents)
        rows = [
            {
                "personality_id": self.personality,
                "user_id": user or self.alice,
                "venue": place.venue,
                "channel_id": place.channel_id,
                "guild_id": place.guild_id,
                "age_restricted": place.age_restricted,
                "session_id": sitting or uuid4(),
                "updates_id": updates_id,
                "created_at": at,
                **indexed.columns(),
            }
            for indexed in texts
        ]
        async with self.sessions.begin() as session:
            await session.execute(insert(Memory), rows)

    async def states_facts(self) -> None:
        """Store the facts in all that was heard."""
        async with self.sessions.begin() as session:
            for memory in (await session.scalars(select(Memory))).all():
                speaker, _, said = memory.content.partition(": ")
                await add_stated(session, memory, said, subject=speaker)

    async def knows(self, *, where: str, user: UUID | None = None) -> Sequence[KnownFact]:
        memories = await self.recalls("the Heron", where=where, user=user)
        return await known_facts(
            self.sessions,
            {},
            personality_id=self.personality,
            user_id=user or self.alice,
            channel=PLACES[where],
            before=NOW,
            now=NOW,
            memory_ids=[each.id for each in memories],
        )

    async def recalls(
        self,
        query: str | Question,
        *,
        where: str = "lobby",
        user: UUID | None = None,
        before: datetime = NOW,
        threshold: float = 0,
        limit: int = 5,
    ) -> Sequence[RetrievedMemory]:
        return await retrieve(
            self.sessions,
            await ask(self.embedder, query) if isinstance(query, str) else query,
            personality_id=self.personality,
            user_id=user or self.alice,
            channel=PLACES[where],
            before=before,
            threshold=threshold,
            limit=limit,
        )


@pytest.fixture
async def mind(sessions: Sessions, embedder: WordLlamaEmbedder) -> Mind:
    await seed(sessions, vendors=set())
    async with sessions.begin() as session:
        alice: User = await get_or_create_user(session, Actor(discord_id=1, name="alice"))
        bob: User = await get_or_create_user(session, Actor(discord_id=2, name="bob"))
        mirela = await session.scalar(select(Personality.id).where(Personality.name == "Mirela"))
        assert mirela is not None
        return Mind(sessions, embedder, mirela, alice.id, bob.id)


@pytest.fixture
async def full_mind(mind: Mind) -> Mind:
    """Several hundred memories of nothing in particular."""
    await mind.hears(
        *(
            f"alice: the {subject} of house {number} {deed}"
            for subject in SUBJECTS
            for deed in DEEDS
            for number in range(8)
        )
    )
    return mind


@pytest.mark.parametrize(
    ("said_in", "recalled_in"),
    [
        *((each, IN_PUBLIC | RED) for each in ("lobby", "voice", "forum", "public thread")),
        ("hidden", {"hidden", "thread", "other thread"}),
        *((each, {each}) for each in ("thread", "private thread", "hidden voice", "hidden forum")),
        ("abroad", ABROAD_ALL),
        ("abroad red", {"abroad red"}),
        ("red", RED),
        ("red thread", RED),
        ("hidden red", {"hidden red"}),
        ("dm", {"dm"}),
    ],
)
async def test_what_was_said_somewhere_is_recalled_and_known_where_the_rule_allows(
    mind: Mind, said_in: str, recalled_in: set[str]
) -> None:
    await mind.hears("alice: I live in Heron", where=said_in)
    await mind.states_facts()

    recalled = {place for place in PLACES if await mind.recalls("the Heron", where=place)}
    known = {place for place in PLACES if await mind.knows(where=place)}
    known_to_bob = {place for place in PLACES if await mind.knows(where=place, user=mind.bob)}

    assert (recalled, known) == (recalled_in, recalled_in)
    assert known_to_bob == recalled_in - {"dm"}


async def test_what_was_said_in_a_dm_is_recalled_to_its_user_only(mind: Mind) -> None:
    await mind.hears("alice: my sister sails the Heron", where="dm")
    await mind.hears("alice: my sister left the Heron", where="lobby")

    assert await mind.recalls("the Heron", where="dm", user=mind.bob) == []
    assert len(await mind.recalls("the Heron", where="lobby", user=mind.bob)) == 1


async def test_words_and_meaning_both_find(full_mind: Mind) -> None:
    expected = {
        "where is Ottilie": "alice: my sister Ottilie sails the Heron",  # the word
        "how is your dog doing": "alice: our puppy chewed my shoes",  # the meaning
        "which foods make you sick": "alice: I am allergic to peanuts",
    }
    await full_mind.hears(*expected.values(), days_ago=100)

    recalled = {query: (await full_mind.recalls(query))[0].content for query in expected}

    assert recalled == expected


async def test_the_limit_and_the_order_hold(full_mind: Mind) -> None:
    memories = await full_mind.recalls("the lamp was painted", limit=7)

    assert len(memories) == 7
    assert [each.score for each in memories] == sorted(
        (each.score for each in memories), reverse=True
    )
    assert all(0 <= each.score <= 1 for each in memories)
    assert await full_mind.recalls("the lamp was painted", limit=0) == []


async def test_nothing_under_the_threshold_is_recalled(full_mind: Mind) -> None:
    best, *_, worst = await full_mind.recalls("the lamp was painted", limit=50)
    between = (best.score + worst.score) / 2

    memories = await full_mind.recalls("the lamp was painted", limit=50, threshold=between)

    assert 0 < len(memories) < 50
    assert all(each.score >= between for each in memories)
    assert await full_mind.recalls("quarterly tax regulations", threshold=0.9) == []


async def test_what_the_prompt_shows_anyway_is_not_recalled(mind: Mind) -> None:
    await mind.hears("alice: the Heron sank", days_ago=1)
    await mind.hears("alice: the Heron sails", days_ago=3)
    await mind.hears("alice: the Heron was sold", where="other", days_ago=1)

    memories = await mind.recalls("the Heron", before=NOW - timedelta(days=2))

    assert {each.content for each in memories} == {
        "alice: the Heron sails",
        "alice: the Heron was sold",
    }


async def test_memories_of_another_personality_are_its_own(mind: Mind, sessions: Sessions) -> None:
    await mind.hears("alice: my sister sails the Heron")
    async with sessions() as session:
        bex = await session.scalar(select(Personality.id).where(Personality.name == "Bex"))
    assert bex is not None

    mind.personality = bex

    assert await mind.recalls("the Heron") == []


async def test_the_one_who_speaks_is_remembered_first(mind: Mind) -> None:
    await mind.hears("the Heron sails at dawn", user=mind.alice)
    await mind.hears("the Heron sails at dawn", user=mind.bob)

    alices = await mind.recalls("when does the Heron sail", user=mind.alice)
    bobs = await mind.recalls("when does the Heron sail", user=mind.bob)

    assert alices[0].id != bobs[0].id
    assert alices[0].score > alices[1].score


@pytest.mark.parametrize("query", ["???", "the and of", "' & | ! ( ) :*", "x" * 5000, "🦊"])
async def test_whatever_is_asked_recall_survives_it(mind: Mind, query: str) -> None:
    await mind.hears("alice: my sister sails the Heron")

    assert len(await mind.recalls(query)) == 1


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("alice: mi perro se llama Bruno", "¿cómo se llama mi perro?"),
        ("alice: 犬の名前はブルーノです", "犬の名前は何？"),
        ("alice: לכלב שלי קוראים ברונו", "איך קוראים לכלב?"),
        ("alice: мою собаку зовут Бруно", "как зовут собаку?"),
        ("alice: 우리 개는 열두 살이에요", "개는 몇 살이지?"),
    ],
)
async def test_words_are_found_in_any_language(full_mind: Mind, said: str, asked: str) -> None:
    await full_mind.hears(said, days_ago=200)

    assert (await full_mind.recalls(asked))[0].content == said


@pytest.mark.parametrize(
    "asked",
    [
        *("what was the news last month?", "what was the news five weeks ago?"),
        *("was gab es letzten Monat?", "¿qué pasó hace cinco semanas?", "le mois dernier, quoi ?"),
        *("o que houve no mês passado?", "что было в прошлом месяце?", "先月は何が?", "上个月呢?"),
        *("지난달에는?", "מה היה בחודש שעבר?", "ماذا حدث الشهر الماضي؟", "पिछले महीने क्या हुआ?"),
        *("what was the news in April 2026?", "was gab es im April?", "что было в апреле?"),
        *("¿qué pasó en abril?", "quoi en avril ?", "em abril?", "באפריל?", "في أبريل؟", "अप्रैल में?"),
        *("4月は?", "4월에는?"),
    ],
)
async def test_a_date_in_a_question_is_understood(mind: Mind, asked: str) -> None:
    for days in (1, 28, 60, 120, 200, 500):
        await mind.hears(f"alice: the news of the town, number {days}", days_ago=days)

    question = await ask(mind.embedder, asked, now=datetime(2026, 5, 10, tzinfo=UTC))
    memories = await mind.recalls(question, limit=1)

    assert [each.content[-2:] for each in memories] == ["60"]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("yesterday", (2026, 5, 31), (2026, 6, 1)),
        ("last week", (2026, 5, 25), (2026, 6, 1)),
        ("last year", (2025, 1, 1), (2026, 1, 1)),
        ("last spring", (2026, 3, 1), (2026, 6, 1)),
        ("last summer", (2025, 6, 1), (2025, 9, 1)),
        ("letzten Winter", (2025, 12, 1), (2026, 3, 1)),
        ("three days ago", (2026, 5, 28), (2026, 5, 30)),
        ("לפני שבועיים", (2026, 5, 15), (2026, 5, 21)),
    ],
)
def test_a_span_has_its_dates(
    asked: str, start: tuple[int, int, int], end: tuple[int, int, int]
) -> None:
    dates = named_dates(asked, None, NOW)

    assert list(dates.spans) == [(datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))]


@pytest.mark.parametrize(
    "said", ["you may go", "we were ill", "mon mari est là", "мой муж", "10月x"]
)
def test_what_is_no_date_is_none(said: str) -> None:
    dates = named_dates(said, "en" if said.isascii() else None, NOW)

    assert (dates.months, dates.spans) == ([10] if "月" in said else [], [])


@pytest.mark.parametrize(
    ("asked", "statement", "start", "end"),
    [
        ("what was it before my birthday?", "has a birthday on May 3", (2026, 3, 4), (2026, 5, 3)),
        ("vor meinem Geburtstag", "hat Geburtstag am 3. Mai", (2026, 3, 4), (2026, 5, 3)),
        ("¿y después de mi cumpleaños?", "cumple años el 3 de mayo", (2026, 5, 4), (2026, 7, 2)),
        ("pour mon anniversaire ?", "anniversaire le 3 mai", (2026, 4, 26), (2026, 5, 10)),
        ("antes do meu aniversário", "faz anos em 10 de julho", (2025, 5, 11), (2025, 7, 10)),
        ("что было после моего дня рождения", "день рождения 3 мая", (2026, 5, 4), (2026, 7, 2)),
        ("誕生日の前は?", "誕生日は5月3日", (2026, 3, 4), (2026, 5, 3)),
        ("לפני יום ההולדת שלי", "יום הולדת ב-3 במאי", (2026, 3, 4), (2026, 5, 3)),
        ("around my birthday", "has a birthday on 29 February", (2026, 2, 21), (2026, 3, 7)),
    ],
)  # fmt: skip
def test_a_birthday_is_a_time_where_it_is_known(
    asked: str, statement: str, start: tuple[int, int, int], end: tuple[int, int, int]
) -> None:
    span = birthday_span(asked, ["lives in Paris", statement], NOW)

    assert names_birthday(asked)
    assert span == (datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))
    assert birthday_span(asked, ["has a birthday on some day"], NOW) is None


async def test_what_was_corrected_or_often_recalled_comes_first(full_mind: Mind) -> None:
    told = [f"alice: the heron came by in week {number}" for number in range(4)]
    await full_mind.hears(*told)
    async with full_mind.sessions.begin() as session:
        of = Memory.content.endswith
        await session.execute(update(Memory).where(of("week 1")).values(recalled_days=9))
        await session.execute(update(Memory).where(of("week 2")).values(is_edited=True))

    found = await full_mind.recalls("when did the heron come by?", limit=4)

    assert {each.content for each in found[:2]} == {told[1], told[2]}


async def test_names_in_a_question_find_nothing_by_themselves(full_mind: Mind) -> None:
    await full_mind.hears("alice: good morning, Mirela", "alice: my dog is twelve")
    question = await ask(full_mind.embedder, "@Mirela how old is my dog?", names=["Mirela"])
    named = await ask(full_mind.embedder, "how old is my dog?")

    assert question.terms == named.terms


async def test_what_was_said_before_helps_where_a_message_says_nothing(full_mind: Mind) -> None:
    await full_mind.hears("alice: my sister Ottilie sails the Heron")

    question = await ask(full_mind.embedder, "and her?", context=["tell me of my sister Ottilie"])
    found = await full_mind.recalls(question)

    assert found[0].content == "alice: my sister Ottilie sails the Heron"


async def test_the_exchange_before_and_after_lend_of_their_fit(full_mind: Mind) -> None:
    sitting = uuid4()
    for minute, content in enumerate(("alice: guess what", "alice: Ottilie sails the Heron")):
        await full_mind.hears(content, days_ago=50 - minute / 1440, sitting=sitting)
    await full_mind.hears("alice: guess what", days_ago=40)

    found = await full_mind.recalls("what does Ottilie sail?", limit=2)

    assert [each.content for each in found] == [
        "alice: Ottilie sails the Heron",
        "alice: guess what",
    ]
    assert (NOW - found[1].created_at).days >= 49


async def test_what_is_said_anew_stands_before_what_was_said(full_mind: Mind) -> None:
    await full_mind.hears("alice: my sister sails the Heron", days_ago=90)
    updated = await find_updated(
        full_mind.sessions,
        full_mind.embedder,
        "My sister sold the Heron, she sails the Gull now.",
        names=["alice"],
        personality_id=full_mind.personality,
        user_id=full_mind.alice,
        channel=PLACES["lobby"],
    )
    await full_mind.hears("alice: she sails the Gull now", updates_id=updated)

    found = await full_mind.recalls("which ship, the Heron?", limit=2)

    assert [each.content for each in found] == [
        "alice: she sails the Gull now",
        "alice: my sister sails the Heron",
    ]


async def test_what_was_said_anew_in_private_stays_there(mind: Mind) -> None:
    await mind.hears("alice: my sister sails the Heron", days_ago=90)
    (older,) = await mind.recalls("the Heron")
    await mind.hears("alice: she left the Heron for a lover", where="hidden", updates_id=older.id)

    public = await mind.recalls("the Heron", where="lobby")
    private = await mind.recalls("the Heron", where="hidden")

    assert [each.content for each in public] == ["alice: my sister sails the Heron"]
    assert "lover" in private[0].content


async def test_strangers_change_nothing_of_what_is_found(full_mind: Mind) -> None:
    await full_mind.hears("alice: my sister sails the Heron", days_ago=90)
    before = await full_mind.recalls("which lamp broke on the Heron?", limit=20)

    await full_mind.hears(*(f"x: lamp Heron broke {n}" for n in range(500)), where="abroad")
    after = await full_mind.recalls("which lamp broke on the Heron?", limit=20)

    assert [each.id for each in before] == [each.id for each in after]


async def test_the_part_of_a_long_memory_that_fits_is_shown() -> None:
    talk = " ".join(f"It rained on day {number}." for number in range(60))
    content = f"alice: {talk} My sister sails the Heron. {talk}\nMirela: {talk} A fine ship."
    question = await ask(WordLlamaEmbedder(), "what does my sister sail?")

    shown = best_part(content, question.terms)

    assert "My sister sails the Heron." in shown
    assert shown.startswith("alice: ")
    assert len(shown) <= 700


async def test_memories_from_before_there_were_terms_are_given_theirs(full_mind: Mind) -> None:
    async with full_mind.sessions.begin() as session:
        await session.execute(update(Memory).values(terms=None))
    memories = MemoryService(full_mind.sessions, full_mind.embedder, SystemClock())
    await memories.enqueue_indexing()

    async with working(full_mind.sessions, IndexHandler(full_mind.sessions)):
        await nothing_due(full_mind.sessions)

    found = await full_mind.recalls("the lamp was painted", limit=1)
    assert "the lamp of house" in found[0].content
    async with full_mind.sessions() as session:
        left = select(func.count()).select_from(Memory).where(Memory.terms.is_(None))
        assert await session.scalar(left) == 0


@pytest.mark.parametrize(
    "content",
    [
        " ".join(f"{number}{'abcdefghij' * 9}" for number in range(3000)),  # of 300 kB
        "🦊" * 4000,
        "\u0301\u200b\u202e" * 500,
        "漢字" * 2000,
        "\x1f|&!():*'\"",
    ],
    ids=["long", "emoji", "marks", "one word", "operators"],
)
async def test_whatever_is_remembered_is_stored_and_found_again(mind: Mind, content: str) -> None:
    await mind.hears(content)

    found = await mind.recalls(content)

    assert [each.content for each in found] == [content]


def test_what_says_the_same_is_shown_once_and_what_says_more_is_kept() -> None:
    said = (
        "alice: what is my secret word?\nMirela: Aye.",
        "alice: my secret word is Heron.\nMirela: Aye.",
        "alice: What was my secret word? 2\nMirela: Aye!",
    )
    memories = [
        RetrievedMemory(id=uuid4(), content=each, created_at=NOW, score=0.5) for each in said
    ]

    assert [each.content for each in without_repetitions(memories)] == list(said[:2])
