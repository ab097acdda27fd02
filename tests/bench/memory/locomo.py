"""LoCoMo: conversations of months between two people, and questions with their evidence.

Speaker A is the user and speaker B the personality; category 5 (questions without an answer) is
left out.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from db.session import Sessions
from services.chat.reply_context import MEMORY_SCORE_THRESHOLD
from services.embeddings import TextEmbedder
from services.llm import estimate
from tests.bench.measure import Measure
from tests.bench.memory.conversations import (
    Conversation,
    Exchange,
    Stored,
    find,
    remembered_lines,
    store,
)

_MANY, _FEW = 10, 3
_MULTI_HOP, _ADVERSARIAL = 1, 5
_SECONDS = 30  # between turns
_TURN = re.compile(r"D:?(\d+):(\d+)")


async def measure(sessions: Sessions, embedder: TextEmbedder, folder: Path) -> list[Measure]:
    """Return the mean share of a question's evidence that is found, over all questions."""
    conversations = [each for file in files(folder) for each in _read(file)]
    exchanges = [
        await store(sessions, embedder, _conversation(each, by_turn=False))
        for each in conversations
    ]
    turns = [
        await store(sessions, embedder, _conversation(each, by_turn=True)) for each in conversations
    ]
    many, few, multi_hop = await _recall(sessions, embedder, exchanges)
    shown, tokens = await _shown(sessions, embedder, exchanges)
    foreign, lost = await _foreign(sessions, embedder, exchanges)
    many_turns, few_turns, _ = await _recall(sessions, embedder, turns)
    noted = [
        await store(sessions, embedder, _conversation(each, by_turn=False, is_noted=True))
        for each in conversations
    ]
    many_noted, few_noted, _ = await _recall(sessions, embedder, noted)
    questions = sum(len(each.conversation.questions) for each in exchanges)
    unit = f"of evidence, {questions} questions"
    return [
        Measure("memory_recall_10", many, unit, "≥ 0.8"),
        Measure("memory_recall_3", few, unit, "≥ 0.66"),
        Measure("memory_recall_10_multi_hop", multi_hop, unit, "≥ 0.5"),
        Measure("memory_evidence_in_prompt", shown, unit, "≥ 0.65"),
        Measure("memory_tokens", tokens, "tokens of a prompt", "≤ 1300"),
        Measure("memory_foreign", foreign, "of questions about another's life", "≤ 0.5"),
        Measure("memory_lost_to_threshold", lost, "of questions with evidence among 3", "≤ 0.03"),
        Measure("memory_recall_10_noted", many_noted, unit, "≥ 0.8"),
        Measure("memory_recall_3_noted", few_noted, unit, "≥ 0.66"),
        Measure("memory_recall_10_turns", many_turns, unit, "≥ 0.73"),
        Measure("memory_recall_3_turns", few_turns, unit, "≥ 0.53"),
    ]


async def _recall(
    sessions: Sessions, embedder: TextEmbedder, stored: Sequence[Stored]
) -> tuple[float, float, float]:
    """Return the evidence among ten and among three, and of questions with several turns."""
    many: list[float] = []
    few: list[float] = []
    multi_hop: list[float] = []
    for each in stored:
        for question, evidence, category in each.conversation.questions:
            found = await find(sessions, embedder, each, question, limit=_MANY)
            turns = [frozenset(each.exchanges[memory.id].turns) for memory in found]
            many.append(_share(evidence, turns))
            few.append(_share(evidence, turns[:_FEW]))
            if category == _MULTI_HOP:
                multi_hop.append(many[-1])
    return fmean(many), fmean(few), fmean(multi_hop)


async def _shown(
    sessions: Sessions, embedder: TextEmbedder, stored: Sequence[Stored]
) -> tuple[float, float]:
    """Return the share of evidence whose whole text a prompt has by default, and its tokens."""
    shares: list[float] = []
    tokens: list[int] = []
    for each in stored:
        texts = {
            turn: _folded(text)
            for exchange in each.exchanges.values()
            for turn, text in exchange.turns.items()
        }
        for question, evidence, _ in each.conversation.questions:
            lines = await remembered_lines(sessions, embedder, each, question)
            prompt = _folded("\n".join(lines))
            shares.append(fmean(texts[turn] in prompt for turn in evidence))
            tokens.append(sum(map(estimate, lines)))
    return fmean(shares), fmean(tokens)


async def _foreign(
    sessions: Sessions, embedder: TextEmbedder, stored: Sequence[Stored]
) -> tuple[float, float]:
    """Return how many questions about others bring anything, and what the threshold costs."""
    brings: list[bool] = []
    lost: list[bool] = []
    for number, each in enumerate(stored):
        own, other = each.conversation, stored[(number + 3) % len(stored)].conversation
        for question, _, _ in other.questions:
            renamed = question.replace(other.user, own.user)
            renamed = renamed.replace(other.personality, own.personality)
            found = await find(
                sessions, embedder, each, renamed, limit=1, threshold=MEMORY_SCORE_THRESHOLD
            )
            brings.append(bool(found))
        for question, evidence, _ in own.questions:
            found = await find(sessions, embedder, each, question, limit=_FEW)
            is_among = any(evidence & each.exchanges[memory.id].turns.keys() for memory in found)
            lost.append(is_among and found[0].score < MEMORY_SCORE_THRESHOLD)
    return fmean(brings), fmean(lost)


def _folded(text: str) -> str:
    return " ".join(text.split())


def _share(evidence: frozenset[str], found: Sequence[frozenset[str]]) -> float:
    return len(evidence & frozenset().union(*found)) / len(evidence)


def files(folder: Path) -> list[Path]:
    """Return the files with conversations."""
    return sorted(folder.glob("*.json"))


def _read(file: Path) -> list[dict[str, Any]]:
    samples = json.loads(file.read_text("utf-8"))
    return [each for each in samples if "conversation" in each]


def _conversation(sample: dict[str, Any], *, by_turn: bool, is_noted: bool = False) -> Conversation:
    """Return a conversation; one that `is_noted` has the observations that come with the data.

    They stand for what a model notes of an exchange.
    """
    talk = sample["conversation"]
    notes = _observations(sample) if is_noted else {}
    user, personality = talk["speaker_a"], talk["speaker_b"]
    turns = list(_turns(talk))
    groups = [[turn] for turn in turns] if by_turn else _exchanges(turns, user)
    known = {turn["id"] for turn in turns}
    questions: list[tuple[str, frozenset[str], int]] = []
    for asked in sample["qa"]:
        named = " ".join(asked.get("evidence", []))
        evidence = frozenset(f"D{int(a)}:{int(b)}" for a, b in _TURN.findall(named)) & known
        if evidence and asked["category"] != _ADVERSARIAL:
            questions.append((asked["question"], evidence, asked["category"]))
    return Conversation(
        user=user,
        personality=personality,
        exchanges=[
            _exchange(
                group,
                user,
                personality,
                by_turn=by_turn,
                notes=[note for turn in group for note in notes.get(turn["id"], ())],
            )
            for group in groups
        ],
        questions=questions,
    )


def _observations(sample: dict[str, Any]) -> dict[str, list[str]]:
    """Return what is noted of each turn."""
    notes: dict[str, list[str]] = {}
    for sitting in sample.get("observation", {}).values():
        for observed in sitting.values():
            for text, turns in observed:
                named = turns if isinstance(turns, str) else " ".join(turns)
                for a, b in _TURN.findall(named):
                    notes.setdefault(f"D{int(a)}:{int(b)}", []).append(text)
    return notes


def _turns(talk: dict[str, Any]) -> Iterator[dict[str, Any]]:
    names = (name for name in talk if re.fullmatch(r"session_\d+", name))
    for name in sorted(names, key=lambda name: int(name.rpartition("_")[2])):
        begin = datetime.strptime(f"{talk[f'{name}_date_time']} +0000", "%I:%M %p on %d %B, %Y %z")
        for number, turn in enumerate(talk[name]):
            caption = f" [image: {turn['blip_caption']}]" if turn.get("blip_caption") else ""
            yield {
                "id": turn["dia_id"],
                "sitting": name,
                "speaker": turn["speaker"],
                "text": turn["text"] + caption,
                "at": begin + timedelta(seconds=_SECONDS * number),
            }


def _exchanges(turns: Sequence[dict[str, Any]], user: str) -> list[list[dict[str, Any]]]:
    """Return turns by what the user said and what was answered."""
    groups: list[list[dict[str, Any]]] = []
    for _, sitting in groupby(turns, key=lambda turn: turn["sitting"]):
        last = None
        for turn in sitting:
            begins = last is None or (turn["speaker"] == user and last["speaker"] != user)
            groups.append([turn]) if begins else groups[-1].append(turn)
            last = turn
    return groups


def _exchange(
    group: Sequence[dict[str, Any]],
    user: str,
    personality: str,
    *,
    by_turn: bool,
    notes: Sequence[str],
) -> Exchange:
    said, answered = (
        "\n".join(turn["text"] for turn in group if turn["speaker"] == name)[:1500]
        for name in (user, personality)
    )
    content = f"{user}: {said}\n{personality}: {answered}"
    if by_turn:
        content = f"{group[0]['speaker']}: {group[0]['text']}"
    return Exchange(
        said=said,
        content=content,
        at=group[-1]["at"],
        sitting=group[0]["sitting"],
        turns={turn["id"]: turn["text"] for turn in group},
        notes=notes,
    )
