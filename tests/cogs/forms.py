"""Filling in forms, pressing buttons, and reading what came of it."""

from typing import Any

import discord
from simcord.actors import MemberActor
from simcord.components import walk_components
from simcord.results import InteractionResult, ResponseMessage

from tests.cogs.conftest import House


def answer(result: InteractionResult) -> ResponseMessage:
    """Return what the bot answered to a command or a button, and to nobody else."""
    shown = [each for each in (*result.followups, result.response) if each is not None]
    assert shown, "there was no answer"
    assert shown[0].ephemeral
    return shown[0]


def said(result: InteractionResult) -> str:
    """Return the words of an answer."""
    return answer(result).content


def embed(result: InteractionResult) -> discord.Embed:
    """Return the embed of an answer."""
    return answer(result).embeds[0]


def fields(result: InteractionResult) -> dict[str | None, str | None]:
    """Return the fields of an answer's embed."""
    return {field.name: field.value for field in embed(result).fields}


def lines(result: InteractionResult) -> list[str]:
    """Return the lines of a list, without the second line that some have."""
    return [each for each in (embed(result).description or "").split("\n") if "**" in each]


def inputs(opened: InteractionResult) -> dict[str, dict[str, Any]]:
    """Return the fields of a form."""
    assert opened.modal is not None, f"no form opened, but: {said(opened)}"
    return {
        each["custom_id"]: each
        for each in walk_components(opened.modal["components"])
        if "custom_id" in each
    }


def prefilled(opened: InteractionResult) -> dict[str, str]:
    """Return what stands in a form before anything is typed."""
    return {name: each["value"] for name, each in inputs(opened).items() if each.get("value")}


async def fill(
    house: House, who: MemberActor, command: str, values: dict[str, str], **options: Any
) -> InteractionResult:
    """Open a form by a command and send it, with `values` in place of what stands in it."""
    opened = await who.slash(house.lobby, command, **options)
    return await who.submit_modal(opened, {**prefilled(opened), **values})


async def press(
    house: House, who: MemberActor, label: str, command: str, **options: Any
) -> InteractionResult:
    """Ask by a command and press a button below the question."""
    asked = await who.slash(house.lobby, command, **options)
    return await who.click(answer(asked), label=label)


async def suggestions(
    house: House, who: MemberActor, command: str, option: str, typed: str
) -> list[str]:
    """Return what is suggested while somebody types."""
    choices = await who.autocomplete(house.lobby, command, option, typed)
    return [choice["name"] for choice in choices]


def buttons(message: ResponseMessage) -> dict[str, bool]:
    """Return the buttons below a message and whether each can be pressed."""
    found = (each for each in walk_components(message.components) if each.get("type") == 2)
    return {each["label"]: not each.get("disabled", False) for each in found}


def pings(house: House) -> list[str]:
    """Return what the bot has said in words that may ping somebody."""
    sent: list[Any] = [each.json for each in house.env.http_requests if "callback" in each.path]
    told: list[dict[str, Any]] = [each["data"] for each in sent if "data" in each]
    return [
        each["content"]
        for each in told
        if each.get("content") and each.get("allowed_mentions") != {"parse": []}
    ]
