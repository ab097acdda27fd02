"""The least that a bot can do which answers through a webhook: the floor that replies are beside.

It has no database, no history, no checks and no faces, and does not show what is being written.
"""

import os

import discord
from openai import AsyncOpenAI

bot = discord.Client(intents=discord.Intents.default() | discord.Intents(message_content=True))
model = AsyncOpenAI(base_url=os.environ["OPENAI_BASE_URL"], api_key="x")
webhooks: dict[int, discord.Webhook] = {}


@bot.event
async def on_message(message: discord.Message) -> None:
    """Answer whoever calls Mirela."""
    if message.author.bot or not message.content.startswith("@Mirela"):
        return
    channel = message.channel
    if channel.id not in webhooks and isinstance(channel, discord.TextChannel):
        webhooks[channel.id] = await channel.create_webhook(name="floor")
    completion = await model.chat.completions.create(
        model="m", messages=[{"role": "user", "content": message.content}]
    )
    answer = completion.choices[0].message.content or ""
    await webhooks[channel.id].send(answer, username="Mirela", wait=True)


if __name__ == "__main__":
    bot.run("MTIz.x.y", log_handler=None)
