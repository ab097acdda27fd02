"""What stands in the background of a prompt: the time, and when something was."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from services.llm import estimate
from services.memory import KnownFact, RetrievedMemory, SittingSummary
from services.personalities import BoardAct, SharedPhoto
from services.texts import on_one_line, shorten
from services.time_zones import part_of_day, time_zone_label

MEMORY_TOKENS = 1000  # at most, of what is remembered
_FACT_TOKENS = 250  # of these at most, of facts
SUMMARY_TOKENS = 400  # at most, of what was said before the history
_MAX_ACT, _MAX_ABOUT = 240, 80  # characters of what was written on a board
_DATED_AFTER = 7  # days, after which a memory has its date, too


def render_time(now: datetime, *, here: str | None, there: str | None, name: str) -> str:
    """Return the time in a zone and, if that is another, the time of who speaks, by the name."""
    zone = here or there or "UTC"
    local = now.astimezone(ZoneInfo(zone))
    shown = f"{local:%A, %d %B %Y, %H:%M} {time_zone_label(zone)}"
    if zone == "UTC":  # nobody has said where they are
        return shown
    shown = f"{shown}, {part_of_day(local)}"
    theirs = now.astimezone(ZoneInfo(there or zone))
    if theirs.utcoffset() == local.utcoffset():
        return shown
    return f"{shown}; for {name} it is {theirs:%A, %H:%M}, {part_of_day(theirs)}"


def render_photo(photo: SharedPhoto, now: datetime) -> str:
    """Return what a personality remembers of a photo that it has posted."""
    alt_text = f"; it shows: {shorten(photo.alt_text, 150)}" if photo.alt_text else ""
    caption = f"; you wrote: {shorten(photo.caption, 150)}" if photo.caption else ""
    return (
        f"- ({relative_day(photo.posted_at, now)}, on {photo.location}) a photo{alt_text}{caption}"
    )


def render_board_acts(acts: Sequence[BoardAct], now: datetime) -> list[str]:
    """Return lines about what a personality has written on boards."""
    lines: list[str] = []
    for act in acts:
        when, text = relative_day(act.acted_at, now), _quoted(act.text, _MAX_ACT)
        if act.to:
            about = f", who had written {_quoted(act.about, _MAX_ABOUT)}"
            lines.append(f"- ({when}) you answered {on_one_line(act.to)}{about}: {text}")
            continue
        answered = (
            f"; {on_one_line(act.answered_by)} answered: {_quoted(act.answer, _MAX_ABOUT)}"
            if act.answered_by
            else ""
        )
        lines.append(f"- ({when}) you posted: {text}{answered}")
    return lines


def _quoted(text: str, limit: int) -> str:
    return f"“{shorten(on_one_line(text), limit)}”"


def render_known(
    facts: Sequence[KnownFact],
    memories: Sequence[RetrievedMemory],
    now: datetime,
    *,
    token_limit: int,
) -> list[str]:
    """Return what is known and remembered, within a number of tokens."""
    known = _render_facts(facts, now, token_limit=min(token_limit, _FACT_TOKENS))
    left = token_limit - sum(map(estimate, known))
    remembered = _render_memories(memories, now, token_limit=left)
    return [
        *(["You know:", *known] if known else []),
        *(["You remember:", *remembered] if remembered else []),
    ]


def _render_memories(
    memories: Sequence[RetrievedMemory], now: datetime, *, token_limit: int
) -> list[str]:
    """Return lines of the best memories that fit into a number of tokens, the oldest first."""
    chosen: list[tuple[datetime, str]] = []
    for memory in memories:
        when = relative_day(memory.created_at, now)
        if (now - memory.created_at).days >= _DATED_AFTER:
            when = f"{memory.created_at:%-d %B %Y}, {when}"
        line = f"- ({when}) {memory.content}"
        token_limit -= estimate(line)
        if token_limit < 0:
            break
        chosen.append((memory.created_at, line))
    return [line for _, line in sorted(chosen)]


def _render_facts(facts: Sequence[KnownFact], now: datetime, *, token_limit: int) -> list[str]:
    """Return lines of the best facts that fit into a number of tokens, ordered by subject."""
    chosen: list[tuple[str, datetime, str]] = []
    for fact in facts:
        known = f"known since {fact.since:%-d %B %Y}" if fact.since <= now else "not yet so"
        before = f"; before: {fact.previous}" if fact.previous else ""
        doubt = "; something else was said of it, too" if fact.is_contradicted else ""
        line = f"- {fact.subject} {fact.statement} ({known}{before}{doubt})"
        token_limit -= estimate(line)
        if token_limit < 0:
            break
        chosen.append((fact.subject, fact.since, line))
    return [line for _, _, line in sorted(chosen)]


def render_summaries(summaries: Sequence[SittingSummary]) -> str:
    """Return the last summaries that fit into `SUMMARY_TOKENS`, with their dates, or nothing."""
    heading = "What was talked about here before:"
    left = SUMMARY_TOKENS - estimate(heading)
    chosen: list[str] = []
    for summary in reversed(summaries):
        line = f"({summary.started_at:%-d %B %Y}) {summary.content}"
        left -= estimate(line)
        if left < 0:
            break
        chosen.insert(0, line)
    return "\n".join([heading, *chosen]) if chosen else ""


def relative_day(then: datetime, now: datetime) -> str:
    """Return how many days ago something was."""
    days = (now - then).days
    if days < 1:
        return "today"
    return "yesterday" if days == 1 else f"{days} days ago"
