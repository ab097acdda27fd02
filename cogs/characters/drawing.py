"""Confirmation of drawings, with what they cost."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import UUID

from discord import ButtonStyle

from bot.discord.converters import interaction_actor
from bot.discord.embeds.characters import quote_text
from bot.discord.notifications import reply_address
from bot.discord.ui import AnyInteraction, confirm
from services.characters import CharacterService, ImageOrder
from services.types import Actor


async def confirm_drawing(
    interaction: AnyInteraction,
    characters: CharacterService,
    character_id: UUID,
    order: ImageOrder,
) -> None:
    """Ask whether to draw more pictures of a character."""

    async def draw(actor: Actor, wanted: ImageOrder) -> None:
        await characters.generate(actor, character_id, wanted)

    await confirm_order(
        interaction,
        f"{quote_text(characters.quote(order.variants))}. Go ahead?",
        label="Draw",
        order=order,
        do=draw,
    )


async def confirm_order(
    interaction: AnyInteraction,
    question: str,
    *,
    label: str,
    order: ImageOrder,
    do: Callable[[Actor, ImageOrder], Awaitable[object]],
) -> None:
    """Ask whether to start something that costs money; its progress then edits the answer."""

    async def draw(pressed: AnyInteraction) -> None:
        await pressed.response.edit_message(content="🕓 Waiting for its turn.", view=None)
        async with AsyncExitStack() as on_failure:
            on_failure.push_async_callback(
                pressed.edit_original_response, content="Nothing was drawn."
            )
            actor = await interaction_actor(pressed)
            await do(actor, replace(order, reply=reply_address(pressed)))
            on_failure.pop_all()

    await confirm(interaction, question, label=label, do=draw, style=ButtonStyle.primary)
