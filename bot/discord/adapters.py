"""Construction of the adapters through which services use Discord."""

from collections.abc import Collection

import discord

from bot.app.services import DiscordAdapters
from bot.discord.automod import AutoMod
from bot.discord.boards import DiscordBoardAdapter
from bot.discord.buttons.answers import answer_view
from bot.discord.chat import CDN_HOSTS, DiscordChatAdapter
from bot.discord.emojis import ApplicationEmojis
from bot.discord.notifications import DiscordNotifier
from bot.discord.photos import DiscordPublisher
from bot.discord.pictures import DiscordPictureAdapter
from bot.discord.proxies import Proxies
from bot.discord.voice import DiscordVoiceAdapter
from bot.discord.webhooks import Webhooks
from services.clock import Clock, SystemClock
from services.media import ObjectStore


def discord_adapters(
    bot: discord.Client,
    store: ObjectStore,
    *,
    proxies: Proxies | None = None,
    cdn_hosts: Collection[str] = CDN_HOSTS,
    clock: Clock | None = None,
) -> DiscordAdapters:
    """Return the adapters of a bot, which need not be connected yet."""
    webhooks, automod = Webhooks(bot), AutoMod(bot)
    chat_adapter = DiscordChatAdapter(
        bot,
        webhooks,
        automod,
        answer_view=answer_view,
        proxies=proxies or Proxies(),
        cdn_hosts=cdn_hosts,
    )
    return DiscordAdapters(
        chat_adapter=chat_adapter,
        voice_adapter=DiscordVoiceAdapter(bot, webhooks, automod, read=chat_adapter.read),
        picture_adapter=DiscordPictureAdapter(bot, webhooks, automod),
        face_host=ApplicationEmojis(bot),
        board_adapter=DiscordBoardAdapter(bot, webhooks, automod),
        notifier=DiscordNotifier(bot),
        publisher=DiscordPublisher(bot, webhooks, automod, store, clock or SystemClock()),
    )
