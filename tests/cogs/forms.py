"""Helpers to fill in forms, press buttons and read the responses."""

from typing import Any

import discord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle
from simcord.components import walk_components
from simcord.results import InteractionResult, ResponseMessage

from tests.cogs.conftest import House

MEET = (
    "Meet **{}**: call them by name. Here they answer you alone, until `/personality bring` lets "
    "everyone call them."
)


def answer(result: InteractionResult) -> ResponseMessage:
    """Return the bot's first response to an interaction, which must be ephemeral."""
    shown = [each for each in (*result.followups, result.response) if each is not None]
    assert shown, "there was no answer"
    assert shown[0].ephemeral
    return shown[0]


def content_of(result: InteractionResult) -> str:
    """Return the text of an answer."""
    return answer(result).content


def shown(result: InteractionResult) -> str:
    """Return the texts of an answer that is made of components."""
    components = walk_components(answer(result).components)
    return "\n".join(each["content"] for each in components if "content" in each)


def embed(result: InteractionResult) -> discord.Embed:
    """Return the embed of an answer."""
    return answer(result).embeds[0]


def fields(result: InteractionResult) -> dict[str | None, str | None]:
    """Return the fields of an answer's embed."""
    return {field.name: field.value for field in embed(result).fields}


def lines(result: InteractionResult) -> list[str]:
    """Return the first line of each entry of a list."""
    return [each for each in (embed(result).description or "").split("\n") if "**" in each]


def inputs(opened: InteractionResult) -> dict[str, dict[str, Any]]:
    """Return the fields of a form."""
    assert opened.modal is not None, f"no form opened, but: {content_of(opened)}"
    return {
        each["custom_id"]: each
        for each in walk_components(opened.modal["components"])
        if "custom_id" in each
    }


def prefilled(opened: InteractionResult) -> dict[str, str]:
    """Return the values with which a form opens."""
    values = {name: each.get("value") for name, each in inputs(opened).items()}
    for name, each in inputs(opened).items():
        for option in each.get("options", ()):
            if option.get("default"):
                values[name] = option["value"]
    return {name: value for name, value in values.items() if value}


async def fill(
    house: House,
    who: MemberActor,
    command: str,
    values: dict[str, str],
    *,
    part: str = "",
    **options: Any,
) -> InteractionResult:
    """Open a form by a command and submit it, with `values` in place of the defaults.

    `part` is what the form's button does, where the command opens a page.
    """
    opened = await (
        open_part(house, who, command, part, **options)
        if part
        else who.slash(house.lobby, command, **options)
    )
    return await submit(who, opened, {**prefilled(opened), **values})


async def open_part(
    house: House, who: MemberActor, command: str, part: str, **options: Any
) -> InteractionResult:
    """Open a page by a command and press the button of a part; what it is refused with is kept."""
    page = await who.slash(house.lobby, command, **options)
    found = (str(each.get("custom_id", "")) for each in walk_components(answer(page).components))
    button = next((each for each in found if f":{part}:" in each), None)
    return await who.click(answer(page), custom_id=button) if button else page


async def choose_setting(
    house: House, who: MemberActor, personality: str, placeholder: str, label: str
) -> InteractionResult:
    """Choose something for a personality in `/settings`, and return the page."""
    page = await who.slash(house.lobby, "settings", personality=personality)
    menu = next(
        each
        for each in walk_components(answer(page).components)
        if each.get("placeholder") == placeholder
    )
    value = next(each["value"] for each in menu["options"] if each["label"] == label)
    await who.select(answer(page), [value], custom_id=menu["custom_id"])
    return page


async def set_default_config(
    house: House, who: MemberActor, personality: str, config: str
) -> InteractionResult:
    """Choose, on the page of a personality, the config it has for all who chose none."""
    opened = await open_part(house, who, "personality open", "model", personality=personality)
    if opened.modal is None:
        return opened  # refused
    menu = inputs(opened)["config"]["options"]
    value = next(each["value"] for each in menu if each["label"] == config)
    return await submit(who, opened, {**prefilled(opened), "config": value})


async def use_config(
    house: House, who: MemberActor, config: str, personality: str
) -> InteractionResult:
    return await choose_setting(house, who, personality, "Another model", config)


async def use_persona(
    house: House, who: MemberActor, persona: str, personality: str
) -> InteractionResult:
    return await choose_setting(house, who, personality, "Be somebody else to it", persona)


async def submit(
    who: MemberActor, opened: InteractionResult, values: dict[str, str]
) -> InteractionResult:
    """Submit a form; a value of a menu is that of the option to choose."""
    menus = {name for name, each in inputs(opened).items() if "options" in each}
    chosen = {
        name: ([value] if value else []) if name in menus else value
        for name, value in values.items()
    }
    return await who.submit_modal(opened, chosen)


async def press(
    house: House, who: MemberActor, label: str, command: str, *, part: str = "", **options: Any
) -> InteractionResult:
    """Use a command, or a part of the page that it opens, and press a button of its question."""
    confirmation = await (
        open_part(house, who, command, part, **options)
        if part
        else who.slash(house.lobby, command, **options)
    )
    return await who.click(answer(confirmation), label=label)


async def suggestions(
    house: House, who: MemberActor, command: str, option: str, typed: str
) -> list[str]:
    """Return the autocomplete choices of an option."""
    choices = await who.autocomplete(house.lobby, command, option, typed)
    return [choice["name"] for choice in choices]


def buttons(message: ResponseMessage) -> dict[str, bool]:
    """Return the buttons below a message and whether each can be pressed."""
    components = (each for each in walk_components(message.components) if each.get("type") == 2)
    return {each["label"]: not each.get("disabled", False) for each in components}


def pings(house: House) -> list[str]:
    """Return the texts of responses whose mentions were not suppressed."""
    sent: list[Any] = [each.json for each in house.env.http_requests if "callback" in each.path]
    payloads: list[dict[str, Any]] = [each["data"] for each in sent if "data" in each]
    return [
        each["content"]
        for each in payloads
        if each.get("content") and each.get("allowed_mentions") != {"parse": []}
    ]


async def use_menu(
    who: MemberActor, channel: ChannelHandle, action: str, message: Any
) -> InteractionResult:
    """Choose from the menus of an answer; what is no menu is a button of *Answer…*."""
    if action == "Why this reply?":
        return await who.context_menu(channel, action, message)
    panel = await who.context_menu(channel, "Answer…", message)
    shown = answer(panel)
    return await who.click(shown, label=action) if action in buttons(shown) else panel
