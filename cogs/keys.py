"""`/key`: keys of vendors that users bring, for themselves or for a server."""

from dataclasses import replace
from typing import Literal, TypeAlias

from discord import app_commands, ui
from discord.ext import commands
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.messages import code, timestamp
from bot.discord.ui import AnyInteraction, Modal, SecretInput, show_list
from services.errors import ModeratorsOnly
from services.keys import KeyBudgetInvalid, KeyInput, KeyService, ListedKey, NoSuchKeyVendor
from services.llm import CUSTOM, VENDORS
from services.texts import counted

Vendor: TypeAlias = Literal["OpenAI", "OpenRouter", "Gemini", "another address"]
Whose: TypeAlias = Literal["mine", "this server's"]
_NAMES = {vendor.label: vendor.name for vendor in VENDORS.values() if vendor.takes_keys}
_DEFAULT_BUDGET, _ID_DIGITS = "1.00", 20


class KeyForm(Modal):
    """Takes a key, which is neither shown again nor kept in the form."""

    def __init__(
        self, keys: KeyService, vendor: str, *, guild_id: int | None, for_acts: bool
    ) -> None:
        super().__init__(title=f"A key of {VENDORS[vendor].label}")
        self._keys = keys
        self._vendor = vendor
        self._guild_id = guild_id
        self._for_acts = for_acts
        self.key = SecretInput(label="Key", max_length=500, custom_id="key")
        self.address = ui.TextInput[ui.View](
            label="Address", placeholder="https://…/v1", max_length=300, custom_id="address"
        )
        self.model = ui.TextInput[ui.View](
            label="Model, as the address calls it", max_length=200, custom_id="model"
        )
        self.budget = ui.TextInput[ui.View](
            label="US dollars in 24 hours, for everyone here",
            default=_DEFAULT_BUDGET,
            max_length=10,
            custom_id="budget",
        )
        self.add_item(self.key)
        if vendor == CUSTOM:
            self.add_item(self.address)
            self.add_item(self.model)
        if guild_id is not None:
            self.add_item(self.budget)

    @override
    async def on_submit(self, interaction: AnyInteraction, /) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        count = await self._keys.add(
            await interaction_actor(interaction),
            KeyInput(
                vendor=self._vendor,
                text=self.key.value,
                guild_id=self._guild_id,
                budget_usd=None if self._guild_id is None else _amount(self.budget.value),
                base_url=self.address.value,
                model=self.model.value,
                for_acts=self._for_acts,
            ),
        )
        who = "everyone here pays" if self._guild_id else "you pay"
        await interaction.followup.send(
            f"The key works, and opens {_models(count)}. From now on {who} with it for answers of "
            f"`{self._vendor}/…`; `/config create` chooses among its models.",
            ephemeral=True,
        )


class Keys(commands.GroupCog, group_name="key", group_description="Pay with a key of your own"):
    """Keys: pay with a key of your own."""

    def __init__(self, keys: KeyService, shared_vendors: frozenset[str]) -> None:
        self._keys = keys
        self._shared_vendors = shared_vendors

    @app_commands.command()
    @app_commands.describe(
        vendor="Whose key it is",
        whose="Yours alone, or everyone's in this server (for its moderators)",
        acts="Your personalities may use it for what they do by themselves",
    )
    async def add(
        self,
        interaction: Interaction,
        vendor: Vendor,
        whose: Whose = "mine",
        acts: bool = False,  # noqa: FBT001, FBT002 - discord.py's way to take an option
    ) -> None:
        """Bring a key: it is stored encrypted, never shown, and used for your requests alone."""
        guild_id = _guild_of(interaction, whose)
        if guild_id is not None and not (await interaction_actor(interaction)).moderates_server:
            raise ModeratorsOnly
        # Everyone in a server uses the models that the operator lets users choose.
        if guild_id is not None and _NAMES[vendor] not in self._shared_vendors:
            raise NoSuchKeyVendor
        form = KeyForm(self._keys, _NAMES[vendor], guild_id=guild_id, for_acts=acts)
        await interaction.response.send_modal(form)

    @app_commands.command()
    @app_commands.describe(
        vendor="Whose key it is",
        whose="Yours, or this server's",
        server="The id of another server, to which you have brought it",
    )
    async def remove(
        self,
        interaction: Interaction,
        vendor: Vendor,
        whose: Whose = "mine",
        server: str | None = None,
    ) -> None:
        """Delete a key that you, or moderators here, have brought."""
        actor, guild_id = await interaction_actor(interaction), _guild_of(interaction, whose)
        if server is not None:
            # Rights here are none there: only the actor's own key can be meant.
            actor = replace(actor, moderates_server=False)
            guild_id = int(server) if server.isdecimal() and len(server) < _ID_DIGITS else 0
        await self._keys.remove(actor, _NAMES[vendor], guild_id=guild_id)
        await interaction.response.send_message("The key is deleted.", ephemeral=True)

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show which keys you have brought, and those of this server if you moderate it."""
        actor = await interaction_actor(interaction)
        listed = await self._keys.list_keys(actor, interaction.guild_id)
        lines = [_key_line(each, interaction.guild_id) for each in listed]
        await show_list(interaction, title="Keys", lines=lines, empty="`/key add` brings one.")

    @app_commands.command()
    @app_commands.describe(vendor="Whose key it is", whose="Yours, or this server's")
    async def test(self, interaction: Interaction, vendor: Vendor, whose: Whose = "mine") -> None:
        """Ask the vendor whether it accepts a key that you have brought; this costs nothing."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        count = await self._keys.test(
            await interaction_actor(interaction),
            _NAMES[vendor],
            guild_id=_guild_of(interaction, whose),
        )
        await interaction.followup.send(f"It works, and opens {_models(count)}.", ephemeral=True)


def _guild_of(interaction: Interaction, whose: Whose) -> int | None:
    """Return the server whose key is meant, or None for the person's own."""
    if whose == "mine":
        return None
    if interaction.guild_id is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild_id


def _amount(typed: str) -> float:
    try:
        return float(typed.strip().removeprefix("$"))
    except ValueError as error:
        raise KeyBudgetInvalid from error


def _models(count: int) -> str:
    return counted(count, "model")


def _key_line(key: ListedKey, guild_id: int | None) -> str:
    """Return a line about a key, without the key."""
    where = ""
    if key.guild_id is not None:
        place = "this server" if key.guild_id == guild_id else f"server `{key.guild_id}`"
        where = f" · for {place}, up to ${key.budget_usd:g} in 24 hours"
    address = f" · {code(key.host)}" if key.host else ""
    model = f" · {code(key.model)}" if key.model else ""
    acts = " · also for what your personalities do by themselves" if key.for_acts else ""
    failed = f" · **refused since {timestamp(key.failed_at)}**" if key.failed_at else ""
    return f"**{VENDORS[key.vendor].label}**{address}{model}{where}{acts}{failed}"


async def setup(bot: Bot) -> None:
    """Load the cog, where keys can be stored."""
    if bot.services.keys is not None:
        await bot.add_cog(Keys(bot.services.keys, bot.services.models.vendors))
