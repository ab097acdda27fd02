"""The least that a bot can do which streams its answers through a webhook: `first_words_ratio`.

It shows what Troupe may show at the earliest: the first clause, less what is held back. It has no
database, no history, no checks and no faces.
"""

import asyncio
import os
import time

import discord
from openai import AsyncOpenAI

from services.chat.partial_text import HELD_BACK, up_to_clause

bot = discord.Client(intents=discord.Intents.all())
model = AsyncOpenAI(base_url=os.environ["OPENAI_BASE_URL"], api_key="x")
webhooks: dict[int, discord.Webhook] = {}


@bot.event
async def on_message(message: discord.Message) -> None:
    """Answer whoever calls Mirela."""
    if message.author.bot or not message.content.startswith("@Mirela"):
        return
    channel = message.channel
    parent = channel.parent if isinstance(channel, discord.Thread) else channel
    if isinstance(parent, discord.TextChannel) and parent.id not in webhooks:
        webhooks[parent.id] = await parent.create_webhook(name="floor")
    chunks = await model.chat.completions.create(
        model="m", messages=[{"role": "user", "content": message.content}], stream=True
    )
    text, shown, shown_at = "", None, 0.0
    async for chunk in chunks:
        text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
        if shown is None and (clause := up_to_clause(text[:-HELD_BACK])):
            shown, shown_at = await _send(message, clause), time.perf_counter()
    if shown is None:
        await _send(message, text)
    else:
        await asyncio.sleep(max(0.0, 1.5 - (time.perf_counter() - shown_at)))
        await shown.edit(content=text)


async def _send(message: discord.Message, text: str) -> discord.Message:
    channel = message.channel
    parent = channel.parent if isinstance(channel, discord.Thread) else channel
    if parent is None or parent.id not in webhooks:
        return await channel.send(text)
    thread = channel if isinstance(channel, discord.Thread) else discord.utils.MISSING
    return await webhooks[parent.id].send(text, username="Mirela", wait=True, thread=thread)


if __name__ == "__main__":
    bot.run("MTIz.x.y", log_handler=None)
