"""Which entries of lorebooks a conversation activates."""

import random
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.lore import Activation, Book, LoreContext, LoreScope, Position, SkipReason, Timer
from services.lore.activation import activate
from services.lore.books import BookSettings, prepare
from services.lore.entries import Entry, parse
from services.lore.library import settings_of

thorough = settings(deadline=None, derandomize=True, max_examples=300)


def book(
    *documents: Mapping[str, Any],
    scope: LoreScope = LoreScope.PERSONALITY,
    number: int = 1,
    **document: Any,
) -> Book:
    """Return a book of entries, whose names are their contents unless they have others."""
    entries: list[Entry] = []
    for n, each in enumerate(documents, start=1):
        named = {"comment": each.get("content", ""), **each}
        entries.append(parse(named, UUID(int=number * 1000 + n)))
    return prepare(UUID(int=number), f"book {number}", scope, entries, settings_of(document))


def search(
    *books: Book,
    messages: Sequence[str] = ("",),
    budget: int = 100_000,
    seed: int = 1,
    **context: Any,
) -> Activation:
    return activate(
        books,
        LoreContext(messages=messages, budget=budget, **context),
        expand=lambda text: text.replace("{{char}}", "Mira").replace("{{user}}", "Bob"),
        estimate=len,
        randomness=random.Random(seed),
    )


def names(activation: Activation) -> list[str]:
    return [each.entry.name for each in activation.activated]


def found(document: Mapping[str, Any], *messages: str, **context: Any) -> bool:
    return bool(search(book({"content": "x", **document}), messages=messages, **context).activated)


BOTH = "@@additional_keys a,b\n@@additional_keys c\nx"


@pytest.mark.parametrize(
    ("document", "message", "expected"),
    [
        ({"keys": ["Sea"]}, "the SEA!", True),
        ({"keys": ["sea"]}, "seashore", False),
        ({"keys": ["sea"]}, "sea_shore", False),
        ({"keys": ["sea"], "extensions": {"match_whole_words": False}}, "seashore", True),
        ({"keys": ["Sea"], "case_sensitive": True}, "sea", False),
        ({"keys": ["deep sea"]}, "deep seas", True),
        ({"keys": "sea, ship"}, "a ship", True),
        ({"keys": ["猫"]}, "白猫がいる", True),
        ({"keys": ["кот"]}, "вот КОТ.", True),
        ({"keys": ["кот"]}, "который", False),
        ({"keys": ["straße"]}, "STRASSE", True),
        ({"keys": ["café"]}, "cafe\u0301", True),
        ({"keys": ["C++"]}, "in C++ it is", True),
        ({"keys": ["/se(a|e)$/i"]}, "I SEE", True),
        ({"keys": ["/sea\\/ship/"]}, "sea/ship", True),
        ({"keys": ["/[^]x/"]}, "\nx", True),
        ({"keys": ["/(?<first>s)ea/u"]}, "sea", True),
        ({"keys": ["/(/"]}, "(", False),
        ({"keys": ["s.a"], "use_regex": True}, "sea", True),
        ({"keys": ["s.a"], "use_regex": True, "extensions": {"selectiveLogic": 0}}, "sea", False),
        ({"keys": ["{{char}}"]}, "hello Mira", True),
        ({"keys": ["/{{user}} (is|was)/"]}, "Bob was", True),
        ({"keys": ["", " "]}, "", False),
        ({"keys": []}, "anything", False),
        ({"keys": None, "constant": True}, "", True),
        ({"keys": ["sea"], "enabled": False}, "sea", False),
        ({"keys": ["sea"], "content": ""}, "sea", False),
        ({"keys": ["sea"], "content": "@@dont_activate\nx"}, "sea", False),
        ({"keys": [], "content": "@@activate\nx"}, "", True),
        ({"keys": ["sea"], "content": BOTH}, "sea b c", True),
        ({"keys": ["sea"], "content": BOTH}, "sea a b", False),
        ({"keys": ["sea"], "content": "@@exclude_keys ship\nx"}, "sea ship", False),
        ({"keys": ["sea"], "content": "@@glow 3\n@@@glare\n@@@@exclude_keys a\nx"}, "sea a", False),
        ({"keys": ["sea"], "content": "@@depth 2\n@@@exclude_keys a\nx"}, "sea a", True),
        ({"keys": ["sea"], "content": "@@activate_only_after 2\nx"}, "sea", False),
        ({"keys": ["sea"], "content": "@@is_greeting 2\nx"}, "sea", False),
        ({"keys": ["sea"], "extensions": {"triggers": ["regenerate"]}}, "sea", False),
        ({"keys": ["sea"], "extensions": {"position": 7}}, "sea", False),
    ],
)  # fmt: skip
def test_keys_are_found_where_people_would_find_them(
    document: dict[str, Any],
    message: str,
    expected: bool,  # noqa: FBT001 - a case
) -> None:
    assert found(document, message) is expected


@pytest.mark.parametrize(
    ("logic", "expected"),
    [
        (0, [False, True, True]),
        (1, [True, True, False]),
        (2, [True, False, False]),
        (3, [False, False, True]),
    ],
)
def test_secondary_keys_follow_their_logic(logic: int, expected: list[bool]) -> None:
    document = {
        "keys": ["sea"], "secondary_keys": ["a", "b"], "extensions": {"selectiveLogic": logic},
    }  # fmt: skip

    assert [found(document, each) for each in ("sea", "sea a", "sea a b")] == expected
    assert found({**document, "selective": False}, "sea")


def test_an_entry_is_for_characters_moments_and_fields() -> None:
    filter_ = {"names": ["mira"], "isExclude": False}
    mine = {"keys": ["sea"], "extensions": {"character_filter": filter_}}
    others = {"keys": ["sea"], "extensions": {"character_filter": {**filter_, "isExclude": True}}}
    field = {"keys": ["harbour"], "extensions": {"match_scenario": True}}

    assert found(mine, "sea", personality_name="Mira")
    assert not found(mine, "sea", personality_name="Zed")
    assert found(others, "sea", personality_name="Zed")
    assert found(field, "", fields={"scenario": "A harbour."})
    assert found({"keys": ["sea"], "content": "@@activate_only_after 2\nx"}, "sea", own_messages=2)
    assert found({"keys": ["sea"], "content": "@@is_greeting 2\nx"}, "sea", greeting=2)


def test_only_the_last_messages_are_searched() -> None:
    messages = ("sea", "hm", "hm")

    assert not found({"keys": ["sea"]}, *messages)
    assert found({"keys": ["sea"], "extensions": {"scan_depth": 3}}, *messages)
    assert not found({"keys": ["hm"], "extensions": {"scan_depth": 0}}, *messages)
    assert names(search(book({"keys": ["sea"], "content": "x"}, scan_depth=3), messages=messages))


def test_contents_bring_up_others_within_limits() -> None:
    chain = [
        {"keys": ["a"], "content": "b"},
        {"keys": ["b"], "content": "c"},
        {"keys": ["c"], "content": "d", "extensions": {"exclude_recursion": True}},
        {"keys": ["a"], "content": "e", "extensions": {"prevent_recursion": True}},
        {"keys": ["e"], "content": "f"},
        {"keys": ["a"], "content": "g", "extensions": {"delay_until_recursion": True}},
        {"keys": ["g"], "content": "h", "extensions": {"delay_until_recursion": 2}},
    ]
    forever = [{"keys": [f"k{n}"], "content": f"k{n + 1} k{n} k0"} for n in range(60)]

    assert sorted(names(search(book(*chain), messages=["a"]))) == ["b", "c", "e", "g", "h"]
    assert sorted(names(search(book(*chain, recursive_scanning=False), messages=["a"]))) == [
        "b",
        "e",
    ]
    assert len(names(search(book(*forever), messages=["k0"]))) == 50


def test_a_group_has_one_winner() -> None:
    def member(name: str, **extensions: Any) -> dict[str, Any]:
        return {"keys": ["a"], "content": name, "extensions": {"group": "g", **extensions}}

    chances = [
        names(
            search(
                book(member("x", group_weight=90), member("y", group_weight=10)),
                messages=["a"],
                seed=n,
            )
        )
        for n in range(200)
    ]
    assert all(len(each) == 1 for each in chances)
    assert 160 < sum(each == ["x"] for each in chances) < 195
    overriding = book(member("x"), {**member("y", group_override=True), "insertion_order": 1})
    assert names(search(overriding, messages=["a"])) == ["y"]
    scored = book(
        {**member("x", use_group_scoring=True), "keys": ["a", "b"]},
        member("y", use_group_scoring=True),
    )
    assert names(search(scored, messages=["a b"])) == ["x"]
    later = book(member("x"), {"keys": ["x"], "content": "z", "extensions": {"group": "g"}})
    assert names(search(later, messages=["a"])) == ["x"]


def test_chance_decides_after_groups() -> None:
    rare = {
        "keys": ["a"],
        "content": "x",
        "extensions": {"probability": 30, "useProbability": True},
    }
    never = {
        "keys": ["a"],
        "content": "y",
        "extensions": {"probability": 0, "useProbability": True},
    }
    ignored = {
        "keys": ["a"],
        "content": "z",
        "extensions": {"probability": 0, "useProbability": False},
    }

    times = [names(search(book(rare, never, ignored), messages=["a"], seed=n)) for n in range(300)]

    assert 60 < sum("x" in each for each in times) < 120
    assert all("y" not in each and "z" in each for each in times)


def test_what_has_no_room_is_skipped_and_said() -> None:
    def entry(comment: str, length: int = 30, order: int = 100, **others: Any) -> dict[str, Any]:
        return {
            "keys": ["a"], "content": "x" * length, "comment": comment, "insertion_order": order,
            **others,
        }  # fmt: skip

    entries = book(
        entry("long", 40),
        entry("first", order=30),
        entry("second", order=20),
        entry("constant", order=1, keys=[], constant=True),
        entry("no room", order=10),
        entry("small", 5, order=5),
        entry("free", 90, extensions={"ignore_budget": True}),
        entry("dropped", content="@@ignore_on_max_context\n" + "x" * 8),
    )

    activation = search(entries, messages=["a"], budget=100)

    assert set(names(activation)) == {"constant", "first", "second", "small", "free"}
    assert {each.entry.name: each.reason for each in activation.skipped} == {
        "long": SkipReason.TOO_LONG,
        "no room": SkipReason.NO_ROOM,
        "dropped": SkipReason.NO_ROOM,
    }
    limited = book(
        {"keys": ["a"], "content": "xxx"}, {"keys": ["a"], "content": "yyy"}, token_budget=4
    )
    assert len(names(search(limited, messages=["a"]))) == 1


def test_books_use_up_the_budget_in_the_order_of_their_scopes() -> None:
    entry = {"keys": ["a"], "content": "x" * 20}
    books = [
        book(entry, scope=scope, number=n) for n, scope in enumerate(reversed(LoreScope), start=1)
    ]

    shown = search(*books, messages=["a"], budget=62)

    used = {each.book.scope for each in shown.activated}
    assert used == {LoreScope.CHANNEL, LoreScope.PERSONA, LoreScope.PERSONALITY}


def test_timers_begin_run_and_end() -> None:
    entries = book(
        {"keys": ["a"], "content": "x", "extensions": {"sticky": 2, "cooldown": 3}},
        {"keys": ["a"], "content": "y", "extensions": {"delay": 5}},
    )
    (started,) = search(entries, messages=["a"], position=5).timers

    def at(position: int, message: str = "hm", timer: Timer = started) -> list[str]:
        return names(search(entries, messages=[message], position=position, timers=[timer]))

    assert (started.started, started.sticky_until, started.cooldown_until) == (5, 7, 10)
    assert [at(n) for n in (6, 7, 9, 10)] == [["x"], [], [], []]
    assert [at(n, "a") for n in (7, 9, 10)] == [["y"], ["y"], ["x", "y"]]
    assert at(5) == []  # answered again
    changed = Timer(started.entry_id, "other", 5, 7, 10)
    assert at(6, timer=changed) == []
    assert names(search(entries, messages=["a"], position=4)) == ["x"]


def test_decorators_place_an_entry() -> None:
    def placed(content: str) -> Entry:
        return parse({"content": content}, UUID(int=1))

    assert placed("@@depth 2\n@@role user\nx").position is Position.AT_DEPTH
    assert (placed("@@depth 2\nx").depth, placed("@@depth 2\nx").content) == (2, "x")
    assert placed("@@position before_desc\n@@depth 2\nx").position is Position.BEFORE_DEFINITION
    assert placed("@@depth 2\n@@position before_desc\nx").position is Position.BEFORE_DEFINITION
    assert placed("@@reverse_depth 1\nx").from_oldest
    assert placed("x @@depth 2").content == "x @@depth 2"
    assert placed("@@depth x\n@@role god\ntext").role == "system"


@pytest.mark.parametrize(
    "document",
    [
        {"keys": 5, "content": 7, "extensions": [], "position": {}, "insertion_order": "x"},
        {"keys": {"a": 1}, "content": None, "extensions": {"role": 99, "depth": -5, "group": 3}},
        {"extensions": {"probability": "nan", "selectiveLogic": 17, "position": "1e400"}},
        {"extensions": {"delay_until_recursion": -3, "character_filter": {"names": 4}}},
        {"keys": ["x" * 10_000] * 1000, "content": "x", "enabled": "yes"},
    ],
)
def test_odd_entries_are_read(document: dict[str, Any]) -> None:
    search(book(document), messages=["x" * 300])


def test_a_slow_pattern_stops_and_the_others_go_on() -> None:
    entries = book({"keys": ["/(a|aa)+$/"], "content": "x"}, {"keys": ["b"], "content": "y"})
    activation = search(entries, messages=["a" * 5000 + " b"])

    assert names(activation) == ["y"]
    assert [each.source for each in activation.timed_out] == ["(a|aa)+$"]


# A second reading of the algorithm, which looks at every entry in every pass.
def naive(documents: Sequence[dict[str, Any]], messages: Sequence[str]) -> set[str]:
    texts = " ".join(messages[-2:]).lower()
    used: dict[str, dict[str, Any]] = {}
    levels = sorted({e["extensions"].get("delay_until_recursion", 0) for e in documents} - {0})
    level = levels.pop(0) if levels else 0
    seen, is_recursive = texts.split(), False
    while True:
        new: dict[str, dict[str, Any]] = {}
        for entry in documents:
            options = entry["extensions"]
            delay = options.get("delay_until_recursion", 0)
            if entry["content"] in used or (delay and not (is_recursive and delay <= level)):
                continue
            if is_recursive and options.get("exclude_recursion"):
                continue
            first = any(key in seen for key in entry["keys"])
            second = [key in seen for key in entry["secondary_keys"]]
            logic: int = options["selectiveLogic"]
            holds = (any(second), not all(second), not any(second), all(second))[logic]
            if entry["constant"] or (first and (holds or not second)):
                new[entry["content"]] = entry
        used |= new
        texts = [e["content"] for e in new.values() if not e["extensions"].get("prevent_recursion")]
        if texts:
            seen += " ".join(texts).split()
            is_recursive = True
        elif levels:
            level, is_recursive = levels.pop(0), True
        else:
            return set(used)


words = st.sampled_from(["ant", "bee", "cat", "dog", "elk", "fox", "gnu"])
drawn_entries: st.SearchStrategy[list[dict[str, Any]]] = st.lists(
    st.fixed_dictionaries(
        {
            "keys": st.lists(words, max_size=2),
            "secondary_keys": st.lists(words, max_size=2),
            "constant": st.sampled_from([False, False, False, True]),
            "content": st.lists(words, min_size=1, max_size=2),
            "extensions": st.fixed_dictionaries(
                {"selectiveLogic": st.integers(0, 3)},
                optional={
                    "exclude_recursion": st.booleans(),
                    "prevent_recursion": st.booleans(),
                    "delay_until_recursion": st.integers(1, 3),
                },
            ),
        }
    ),
    max_size=8,
)


@thorough
@given(drawn_entries, st.lists(words, max_size=3))
def test_a_search_finds_what_a_slow_one_finds(
    entries: list[dict[str, Any]], messages: list[str]
) -> None:
    documents = [
        {**each, "content": f"n{n} {' '.join(each['content'])}"} for n, each in enumerate(entries)
    ]

    assert set(names(search(book(*documents), messages=messages))) == naive(documents, messages)


def test_settings_of_a_book_have_limits() -> None:
    assert settings_of({"scan_depth": 10**9, "token_budget": -5}) == BookSettings(scan_depth=1000)
