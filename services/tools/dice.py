"""Rolling dice."""

import re
import secrets
from typing import ClassVar, Final

from pydantic import BaseModel, Field
from typing_extensions import override

from services.tools.base import Tool, ToolContext, ToolFailed, ToolResult

_MAX_TERMS, _MAX_DICE, _MAX_SIDES = 6, 100, 1000
_TERM: Final = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<count>\d{0,3})d(?P<sides>\d{1,4}|%)(?:k(?P<keep>[hl])(?P<kept>\d{1,2}))?"
    r"|(?P<number>\d{1,5}))"
)


class DiceArguments(BaseModel):
    """What is rolled."""

    dice: str = Field(description="In dice notation: 2d6+3, d20, 4d6kh3, d%.", max_length=60)


class DiceTool(Tool[DiceArguments]):
    """Rolls dice by chance, and not by what would make a good story."""

    name: ClassVar = "roll_dice"
    label: ClassVar = "Rolls dice"
    description: ClassVar = "Roll dice. Call it whenever chance decides; never invent a roll."
    arguments = DiceArguments

    @override
    def is_offered(self, context: ToolContext) -> bool:
        return True

    @override
    async def run(self, context: ToolContext, arguments: DiceArguments) -> ToolResult:
        return ToolResult(text=roll(arguments.dice))


def roll(notation: str) -> str:
    """Return a roll, such as `2d6+3: (4 + 2) + 3 = 9`.

    Raises:
        ToolFailed: It is no notation of dice, or they are too many.
    """
    written = re.sub(r"\s", "", notation.lower())
    total, at, shown, dice = 0, 0, list[str](), 0
    while at < len(written):
        match = _TERM.match(written, at)
        if match is None or (at and not match["sign"]) or len(shown) == _MAX_TERMS:
            raise ToolFailed("That is no dice notation. Write it like 2d6+3.")
        dice += int(match["count"] or 1) if match["sides"] else 0
        if dice > _MAX_DICE:
            raise ToolFailed(f"At most {_MAX_DICE} dice are rolled at once.")
        value, text = _roll_term(match)
        is_negative = match["sign"] == "-"
        total += -value if is_negative else value
        shown.append(f"- {text}" if is_negative else f"+ {text}" if shown else text)
        at = match.end()
    if not shown:
        raise ToolFailed("Say which dice, like 2d6+3.")
    return f"{written}: {' '.join(shown)} = {total}"


def _roll_term(match: re.Match[str]) -> tuple[int, str]:
    """Return the value of a term, and how it came about."""
    if match["number"]:
        return int(match["number"]), match["number"]
    sides = 100 if match["sides"] == "%" else int(match["sides"])
    if not 1 <= sides <= _MAX_SIDES:
        raise ToolFailed(f"Dice have 1 to {_MAX_SIDES} sides.")
    rolled = [secrets.randbelow(sides) + 1 for _ in range(int(match["count"] or 1))]
    if match["keep"] is None:
        return sum(rolled), f"({' + '.join(map(str, rolled))})"
    kept = sorted(rolled, reverse=match["keep"] == "h")[: int(match["kept"])]
    of_all = ", ".join(map(str, rolled))
    return sum(kept), f"({' + '.join(map(str, kept))}, of {of_all})"
