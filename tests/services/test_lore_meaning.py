"""Entries of lorebooks that are found by their meaning, with the word vectors that come along."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from db.models import LoreEntry, LoreScope
from services.embeddings import WordLlamaEmbedder
from services.lore import Activation, LoreContext, LoreLibrary
from services.lore.editing import is_found_by_meaning, with_meaning
from services.lore.entries import is_about
from services.lore.library import UnpreparedBook
from services.lore.queries import BookRevision

TEXTS = {
    "Embers": "The Order of the Ember guards the volcano and its fire priests.",
    "Stairs": "The lighthouse has three hundred and eleven stairs, which hurt old knees.",
    "King": "The old king was poisoned by his own cook at the winter feast.",
    "Goblins": "Goblins fear running water and will not cross a bridge over a river.",
    "Vhar": "The sea is called Vhar; sailors pour rum into the ocean before a voyage.",
}
BOOK_ID = UUID(int=1)


def entry(name: str, *, by_meaning: bool = True, **others: Any) -> dict[str, Any]:
    return {
        "comment": name,
        "content": TEXTS[name],
        "keys": [],
        "extensions": {"vectorized": by_meaning},
        **others,
    }


def unprepared(*entries: dict[str, Any], revision: int = 1) -> UnpreparedBook:
    return UnpreparedBook(
        BookRevision(BOOK_ID, "Tome", LoreScope.CHANNEL, revision),
        {},
        [(uuid4(), each) for each in entries],
    )


async def search(library: LoreLibrary, book: UnpreparedBook, *messages: str) -> Activation:
    return await library.search([book], LoreContext(messages=messages), expand=str)


async def names(embedder: WordLlamaEmbedder | None, *messages: str, **others: Any) -> list[str]:
    book = unprepared(*(entry(name, **others) for name in TEXTS))
    found = await search(LoreLibrary(embedder), book, *messages)
    return [each.entry.name for each in found.activated]


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("My knees hurt, how many steps are there to the lamp?", "Stairs"),
        ("How did the monarch die at dinner?", "King"),
        ("Can the little green monsters follow us over the river?", "Goblins"),
        ("Why are the seamen spilling their drink into the water?", "Vhar"),
        ("What's the weather like today?", None),
        ("I had pizza for lunch and it was great", None),
        ("tell me a joke please", None),
        ("hello there, how are you?", None),
        ("My cat knocked over a plant again.", None),
        ("", None),
    ],
)
async def test_what_is_near_in_meaning_is_known_and_small_talk_brings_up_nothing(
    embedder: WordLlamaEmbedder, message: str, name: str | None
) -> None:
    assert await names(embedder, message) == ([name] if name else [])


async def test_only_where_its_maker_says_so_and_only_of_the_last_messages(
    embedder: WordLlamaEmbedder,
) -> None:
    question = "How did the monarch die at dinner?"

    assert await names(embedder, question, by_meaning=False) == []
    assert await names(embedder, question, enabled=False) == []
    assert await names(None, question) == []
    assert await names(embedder, question, "Hm.", "Well.") == []


async def test_a_changed_book_is_embedded_anew(embedder: WordLlamaEmbedder) -> None:
    library = LoreLibrary(embedder)
    question = "How did the monarch die at dinner?"

    before = await search(library, unprepared(entry("Vhar")), question)
    after = await search(library, unprepared(entry("King"), revision=2), question)

    assert [each.entry.name for each in before.activated] == []
    assert [(each.entry.name, each.reason) for each in after.activated] == [
        ("King", "near in meaning")
    ]


@pytest.mark.parametrize("odd", [None, 3, "glaze", ["glaze", 3], {"a": "glaze"}])
def test_entries_of_foreign_books_are_searched_and_changed_whatever_they_hold(odd: Any) -> None:
    document = {"comment": "Kiln", "keys": odd, "content": odd, "extensions": odd}

    assert is_about(document, "kiln")
    assert not is_about(document, "gull")
    changed = with_meaning(document, by_meaning=True)
    assert is_found_by_meaning(LoreEntry(lorebook_id=BOOK_ID, position=0, document=changed))
