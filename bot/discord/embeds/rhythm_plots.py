"""Plots of a simulation: when somebody acts, how long they pause, and how soon they reply."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from bot.discord.embeds.plots import (
    Heading,
    Plot,
    Series,
    draw_columns,
    draw_durations,
    sentence_plot,
)
from services.media import DARK, Palette, Theme
from services.texts import counted

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def rhythm_plots(
    hours: Sequence[float],
    pauses: Sequence[float],
    delays: Sequence[float],
    *,
    theme: Theme = DARK,
) -> list[Plot]:
    """Return plots of the hours at which the busiest personality acts, and of seconds.

    `pauses` are those between the acts of each, `delays` those until a reply.
    """
    return [
        _hours_plot(hours, theme),
        _durations_plot("pauses", "How long they pause between acts", "pauses", pauses, theme),
        _durations_plot("delays", "How long a reply takes", "replies", delays, theme),
    ]


def _hours_plot(hours: Sequence[float], theme: Theme) -> Plot:
    title = "When the most active of them acts"
    if not hours:
        return sentence_plot("hours", title, "Nobody acted.", theme)
    counts = Counter(int(hour) for hour in hours)
    ((hour, count),) = counts.most_common(1)
    when = f"{hour:02}:00–{(hour + 1) % 24:02}:00 UTC"
    note = f"{counted(len(hours), 'act')}, most at {when} ({count:,})."
    png = draw_columns(
        Heading(title=title, note=note),
        [Series(label="", colour=Palette.BLUE, values=[counts[each] for each in range(24)])],
        ticks={each: f"{each:02}:00" for each in range(0, 24, 4)},
        x_label="hour of the day, UTC",
        y_label="number of acts",
        theme=theme,
    )
    return Plot(name="hours", png=png, alt=f"{title}: {note}")


def _durations_plot(
    name: str, title: str, nouns: str, seconds: Sequence[float], theme: Theme
) -> Plot:
    positive = [each for each in seconds if each > 0]
    if not positive:
        return sentence_plot(name, title, "There was nothing to measure.", theme)
    note = f"{len(positive):,} {nouns}, half of them within {_duration(median(positive))}."
    png = draw_durations(
        Heading(title=title, note=note),
        positive,
        x_label="time, on a logarithmic scale",
        y_label=f"number of {nouns}",
        theme=theme,
    )
    return Plot(name=name, png=png, alt=f"{title}: {note}")


def _duration(seconds: float) -> str:
    for size, noun in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if seconds >= 2 * size:
            return counted(round(seconds / size), noun)
    return counted(round(seconds), "second")
