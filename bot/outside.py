"""What services reach Discord through."""

from collections.abc import Collection

import discord

from bot.answer_buttons import answer_view
from bot.board_stage import DiscordBoardAdapter
from bot.herald import DiscordHerald
from bot.photo_stage import DiscordPublisher
from bot.post_buttons import DiscordMessenger
from bot.stage import CDN_HOSTS, DiscordChatAdapter
from bot.watcher import DiscordWatcher
from bot.webhooks import Webhooks
from bot.wiring import DiscordAdapters
from services.clock import Clock, SystemClock
from services.media import ObjectStore


def discord_adapters(
    bot: discord.Client,
    store: ObjectStore,
    *,
    proxies: Collection[int] = (),
    cdn_hosts: Collection[str] = CDN_HOSTS,
    clock: Clock | None = None,
) -> DiscordAdapters:
    """Return them for a bot, which need not be connected yet."""
    webhooks = Webhooks(bot)
    return DiscordAdapters(
        stage=DiscordChatAdapter(
            bot, webhooks, answer_view=answer_view, proxies=proxies, cdn_hosts=cdn_hosts
        ),
        board_stage=DiscordBoardAdapter(bot, webhooks),
        herald=DiscordHerald(bot),
        watcher=DiscordWatcher(bot),
        publisher=DiscordPublisher(bot, webhooks, store, clock or SystemClock()),
        messenger=DiscordMessenger(bot),
    )
