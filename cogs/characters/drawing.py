"""Asking whether to draw, with what it costs, and doing it."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from uuid import UUID

from discord import ButtonStyle

from bot.discord.embeds.characters import quote_words
from bot.discord.notifications import reply_address
from bot.discord.ui import AnyInteraction, confirm
from services.characters import CharacterService, ImageOrder
from services.types import Actor


async def ask_to_draw(
    interaction: AnyInteraction,
    characters: CharacterService,
    actor: Actor,
    character_id: UUID,
    wish: ImageOrder,
) -> None:
    """Ask whether to draw more of a character."""

    async def draw(wanted: ImageOrder) -> None:
        await characters.generate(actor, character_id, wanted)

    await ask(
        interaction,
        f"{quote_words(characters.quote(wish.variants))}. Shall I?",
        label="Draw",
        wish=wish,
        do=draw,
    )


async def ask(
    interaction: AnyInteraction,
    question: str,
    *,
    label: str,
    wish: ImageOrder,
    do: Callable[[ImageOrder], Awaitable[object]],
) -> None:
    """Ask whether to do what costs; whoever draws it changes the answer from then on."""

    async def draw(pressed: AnyInteraction) -> None:
        await pressed.response.edit_message(content="🕓 It waits for its turn.", view=None)
        async with AsyncExitStack() as undoing:
            undoing.push_async_callback(
                pressed.edit_original_response, content="Nothing was drawn."
            )
            await do(replace(wish, reply=reply_address(pressed)))
            undoing.pop_all()

    await confirm(interaction, question, label=label, do=draw, style=ButtonStyle.primary)
