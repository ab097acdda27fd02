"""A personality knows its own posts in channels where they may be known."""

from typing import Any

import discord

from db.session import Sessions
from services.access import Situation
from tests.cogs.conftest import House
from tests.services.sharing_support import has_posted


async def test_what_was_posted_is_known_in_chat_where_it_may_be(
    house: House, sessions: Sessions
) -> None:
    mirela = await house.services.personalities.find("Mirela", Situation(account_ids={1}))
    everyone = house.guild.default_role
    hidden = discord.PermissionOverwrite(view_channel=False)
    attic = house.guild.create_text_channel("attic", overwrites={everyone: hidden})
    me, alice = house.guild.me, house.alice
    assert me is not None
    here: dict[str, Any] = {"guild_id": house.guild.id}
    await has_posted(sessions, mirela.id, "To the world", "A lamp at dusk")
    await has_posted(sessions, mirela.id, "To the house", remote_id=str(house.lobby.id), **here)
    await has_posted(
        sessions, mirela.id, "To the attic", remote_id=str(attic.id), is_public=False, **here
    )
    await has_posted(sessions, mirela.id, "To another house", guild_id=1)

    await alice.send(house.lobby, "@Mirela what did you post?")
    await alice.user.send_dm("@Mirela and here?")
    lobby, dm = house.openai.prompts[-2:]

    assert "Photos you posted lately:" in lobby
    assert "- (today, on Instagram) a photo; it shows: A lamp at dusk; you wrote: To the world" in (
        lobby
    )
    assert "To the house" in lobby
    assert "To the attic" not in lobby
    assert "To another house" not in lobby
    assert "To the world" in dm
    assert "To the house" not in dm


async def test_who_has_posted_nothing_is_told_nothing_of_photos(house: House) -> None:
    await house.alice.send(house.lobby, "@Mirela hello")

    assert "Photos you posted" not in house.openai.prompts[-1]
