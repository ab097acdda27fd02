"""`/models` and `/model`: which models users may choose, and what they cost."""

from collections.abc import Sequence

import discord
from discord import app_commands, ui
from discord.ext import commands
from typing_extensions import override

from bot.discord.client import Bot, Interaction
from bot.discord.converters import interaction_actor
from bot.discord.messages import code
from bot.discord.ui import AnyInteraction, View, show_list
from cogs.configs.forms import ConfigForm
from cogs.options import ModelOption
from services.llm import Price
from services.llm_configs import LIMITS, LlmConfigService, OfferedModel
from services.texts import shorten

_MAX_OPTIONS, _MAX_OPTION_LENGTH = 25, 100
_DOLLARS = app_commands.Range[float, 0, 10_000]


class ModelList(commands.Cog):
    """Models: which ones users may choose."""

    def __init__(self, bot: Bot) -> None:
        self._rules = bot.services.model_rules
        self._configs = bot.services.configs

    @app_commands.command()
    async def models(self, interaction: Interaction) -> None:
        """Show the models that you may choose, with prices, and make a config of one."""
        offered = await self._rules.offered()
        own = sorted(await self._rules.own_vendors(await interaction_actor(interaction)))
        embed = discord.Embed(
            title=f"Models ({len(offered)})",
            description=shorten("\n".join(map(model_line, offered)), 4000) or "*None.*",
        )
        if own:
            listed = ", ".join(code(f"{name}/…") for name in own)
            value = f"All that your key opens: {listed}, in `/config create`."
            embed.add_field(name="With your key", value=value, inline=False)
        embed.set_footer(text="Prices are US dollars per million tokens: read · cached · written")
        view = _ModelView(interaction.user.id, self._configs, offered) if offered else None
        await interaction.response.send_message(
            embed=embed, view=view or discord.utils.MISSING, ephemeral=True
        )
        if view is not None:
            view.message = await interaction.original_response()


class _ModelView(View):
    """A menu of models; the chosen one opens the form of a new config."""

    def __init__(
        self, user_id: int, configs: LlmConfigService, offered: Sequence[OfferedModel]
    ) -> None:
        super().__init__(user_id)
        self.configs = configs
        self.add_item(_ModelMenu([each.name for each in offered[:_MAX_OPTIONS]]))


class _ModelMenu(ui.Select[_ModelView]):
    """Opens the form of a new config with a model."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(placeholder="Make a config with…", custom_id="model")
        self._names = {name[:_MAX_OPTION_LENGTH]: name for name in names}
        for value in self._names:
            self.add_option(label=value, value=value)

    @override
    async def callback(self, interaction: AnyInteraction) -> None:
        if self.view is None:
            return
        configs = self.view.configs
        choices = await configs.search_models(await interaction_actor(interaction))
        form = ConfigForm(configs, choices, model=self._names[self.values[0]])
        await interaction.response.send_modal(form)


@app_commands.default_permissions(manage_guild=True)
class ModelRules(
    commands.GroupCog, group_name="model", group_description="Which models users may choose"
):
    """Model rules: which models users may choose (for the owner of this bot)."""

    def __init__(self, bot: Bot) -> None:
        self._rules = bot.services.model_rules

    @app_commands.command()
    @app_commands.describe(
        model="As vendor/model",
        max_tokens="The longest answer, in tokens",
        memories="How many memories a prompt may have",
        window="How many lines of a conversation a prompt may have",
        price_read="US dollars per million tokens read, if no list has them",
        price_cached="US dollars per million tokens read from the vendor's cache",
        price_written="US dollars per million tokens written",
    )
    async def allow(
        self,
        interaction: Interaction,
        model: ModelOption,
        max_tokens: app_commands.Range[int, 1, 32_000] | None = None,
        memories: app_commands.Range[int, 0, 50] | None = None,
        window: app_commands.Range[int, 2, 200] | None = None,
        price_read: _DOLLARS | None = None,
        price_cached: _DOLLARS | None = None,
        price_written: _DOLLARS | None = None,
    ) -> None:
        """Let users choose a model in configs of their own."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        price = None
        if price_read is not None and price_written is not None:
            cached = price_read if price_cached is None else price_cached
            price = Price(price_read, cached, price_written)
        offered = await self._rules.allow(
            await interaction_actor(interaction),
            model,
            price=price,
            max_tokens=max_tokens,
            memory_limit=memories,
            window=window,
        )
        await interaction.followup.send(model_line(offered), ephemeral=True)

    @app_commands.command()
    @app_commands.describe(model="As vendor/model")
    async def deny(self, interaction: Interaction, model: ModelOption) -> None:
        """Let users choose a model no longer; configs that have it fall back to the default."""
        name = await self._rules.deny(await interaction_actor(interaction), model)
        await interaction.response.send_message(
            f"Users may not choose {code(name)}.", ephemeral=True
        )

    @app_commands.command(name="list")
    async def list_(self, interaction: Interaction) -> None:
        """Show your rules about models."""
        rules = await self._rules.list_rules(await interaction_actor(interaction))
        lines = [
            f"{code(each.model)} · {'allowed' if each.is_allowed else 'denied'}"
            + "".join(
                f" · {name} {value:,}"
                for name in LIMITS
                if (value := getattr(each, name)) is not None
            )
            + (f" · price from {each.price_source}" if each.price_source else "")
            for each in rules
        ]
        empty = "Users may choose the models of the global configs."
        await show_list(interaction, title="Rules about models", lines=lines, empty=empty)


def model_line(model: OfferedModel) -> str:
    """Return a line about a model that users may choose."""
    price = model.price
    if price is None or not (price.fresh or price.written):
        costs = "free"
    else:
        costs = f"${price.fresh:g} · ${price.cached:g} · ${price.written:g}"
    assumed = " (assumed: nobody knows its price)" if model.is_assumed else ""
    sees = " · sees pictures" if model.sees else ""
    return (
        f"{code(model.name)} · {costs}{assumed} · {model.context_tokens:,} tokens{sees} · "
        f"answers up to {model.limits.max_tokens:,}"
    )


async def setup(bot: Bot) -> None:
    """Load the cogs."""
    await bot.add_cog(ModelList(bot))
    await bot.add_cog(ModelRules(bot))
