"""The report of a simulation: one HTML file with its figures and plots, and nothing to load."""

from base64 import b64encode
from collections.abc import Sequence
from html import escape

from bot.discord.embeds.plots import Plot
from services.engine.simulation import Figure
from services.media import Theme

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ background: {panel}; color: {text}; font: 18px/1.5 "DejaVu Sans", sans-serif;
  max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }}
img {{ width: 100%; height: auto; margin-top: 1.5rem; }}
table {{ border-collapse: collapse; background: {background}; }}
th, td {{ border: 1px solid {grid}; padding: 0.4rem 1rem; text-align: left; }}
td.number {{ text-align: right; }}
@media print {{ body {{ margin: 0; }} img, table {{ break-inside: avoid; }} }}
</style>
<h1>{title}</h1>
{sentences}
{table}
{plots}
</html>
"""
_EXPLANATION = (
    "Each figure is that of the median personality. Burstiness is 0 for acts at random times, and "
    "at most 1. Shares are between 0 and 1."
)


def simulation_report(
    title: str,
    sentences: Sequence[str],
    figures: Sequence[Figure],
    plots: Sequence[Plot],
    *,
    theme: Theme,
) -> str:
    """Return the page."""
    texts = [*sentences, *([_EXPLANATION] if figures else [])]
    return _PAGE.format(
        title=escape(title),
        sentences="\n".join(f"<p>{escape(each)}</p>" for each in texts),
        table=_table(figures) if figures else "",
        plots="\n".join(map(_image, plots)),
        background=theme.background,
        panel=theme.panel,
        text=theme.text,
        grid=theme.grid,
    )


def _table(figures: Sequence[Figure]) -> str:
    rows = [
        f'<tr><td>{escape(each.name)}</td><td class="number">{each.value:.2f}</td>'
        f"<td>{escape(each.unit)}</td></tr>"
        for each in figures
    ]
    head = "<tr><th>Figure</th><th>Value</th><th>Unit</th></tr>"
    return "\n".join(["<table>", head, *rows, "</table>"])


def _image(plot: Plot) -> str:
    data = b64encode(plot.png).decode()
    return f'<img alt="{escape(plot.alt)}" src="data:image/png;base64,{data}">'
