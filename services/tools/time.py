"""What time it is somewhere."""

from typing import ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from typing_extensions import override

from services.errors import UnknownTimeZone
from services.time_zones import parse_time_zone, part_of_day, search_time_zones, time_zone_label
from services.tools.base import Tool, ToolContext, ToolFailed, ToolResult

_MAX_SUGGESTED = 5


class TimeArguments(BaseModel):
    """Where."""

    place: str = Field(
        description="A time zone of the IANA database, like Asia/Tokyo, or an offset like UTC+2.",
        max_length=60,
    )


class TimeTool(Tool[TimeArguments]):
    """Tells the time in any time zone."""

    name: ClassVar = "time_in"
    label: ClassVar = "Knows the time anywhere"
    description: ClassVar = "Tell the date and time somewhere else in the world."
    arguments = TimeArguments

    @override
    def is_offered(self, context: ToolContext) -> bool:
        return True

    @override
    async def run(self, context: ToolContext, arguments: TimeArguments) -> ToolResult:
        zone = _zone(arguments.place)
        local = context.now.astimezone(zone)
        return ToolResult(
            text=f"{local:%A, %d %B %Y, %H:%M} in {time_zone_label(zone.key)}, {part_of_day(local)}"
        )


def _zone(place: str) -> ZoneInfo:
    try:
        return parse_time_zone(place)
    except UnknownTimeZone:
        found = search_time_zones(place.rpartition("/")[2], limit=_MAX_SUGGESTED)
    if len(found) == 1:
        return ZoneInfo(found[0])
    suggested = f" Do you mean {', '.join(found)}?" if found else " Name the zone of a city near."
    raise ToolFailed(f"There is no such time zone.{suggested}")
