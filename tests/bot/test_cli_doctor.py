"""`troupe doctor`: what it diagnoses, and its advice."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from discord.http import Route
from pydantic import SecretStr

from bot.app.settings import Settings
from bot.app.vendors import object_store
from bot.cli.doctor.checks import run_checks
from bot.cli.doctor.diagnostics import CheckResult, CheckState, show
from bot.cli.doctor.live import post_face
from bot.http.media import MediaApi
from tests.vendors.openai import OpenAIStandIn


@pytest.fixture
async def discord_api(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[dict[str, Any]]:
    """The two routes of Discord's that the doctor asks, on loopback."""
    application: dict[str, Any] = {
        "id": "77", "name": "Troupe", "description": "", "bot_public": True, "summary": "",
        "bot_require_code_grant": False, "verify_key": "", "icon": None, "rpc_origins": [],
        "owner": {"id": "1", "username": "boss", "discriminator": "0", "avatar": None},
        "flags": 0, "team": None,
    }  # fmt: skip
    user = {"id": "77", "username": "Troupe", "discriminator": "0", "avatar": None, "bot": True}

    def answering(body: dict[str, Any]) -> Any:
        async def answer(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") != "Bot right":
                return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
            # Discord names no charset, and discord.py knows the type only without one.
            return web.Response(
                body=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
            )

        return answer

    webhook = {"id": "8", "type": 1, "token": "t", "name": "x", "avatar": None, "channel_id": "5"}
    message: dict[str, Any] = {
        "id": "9", "channel_id": "5", "content": "", "author": user, "timestamp": "2026-01-01",
        "edited_timestamp": None, "tts": False, "mention_everyone": False, "mentions": [],
        "mention_roles": [], "attachments": [], "embeds": [], "pinned": False, "type": 0,
    }  # fmt: skip

    async def say(request: web.Request) -> web.Response:
        application["said"] = await request.json()
        return web.Response(
            body=json.dumps(message).encode(), headers={"Content-Type": "application/json"}
        )

    async def remove(_: web.Request) -> web.Response:
        application["removed"] = True
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/applications/77/emojis", answering({"id": "6", "name": "face_x"}))
    app.router.add_get(
        "/channels/5",
        answering({"id": "5", "type": 0, "guild_id": "4", "name": "lobby", "position": 0}),
    )
    app.router.add_post("/channels/5/webhooks", answering(webhook))
    app.router.add_post("/webhooks/8/t", say)
    app.router.add_delete("/webhooks/8", remove)
    app.router.add_get("/users/@me", answering(user))
    app.router.add_get("/oauth2/applications/@me", answering(application))
    async with TestServer(app, host="127.0.0.1") as server:
        monkeypatch.setattr(Route, "BASE", str(server.make_url("")).rstrip("/"))
        yield application


def settings_of(openai: OpenAIStandIn, folder: Path, **changes: Any) -> Settings:
    return Settings.model_validate(
        {
            "openai_api_key": SecretStr("sk-x"),
            "openai_base_url": openai.url,
            "data_dir": folder,
            "local_model": False,
            **changes,
        }
    )


def by_part(findings: list[CheckResult]) -> dict[str, CheckResult]:
    return {each.part: each for each in findings}


async def test_a_good_set_up_is_good(
    openai: OpenAIStandIn, database_url: str, tmp_path: Path, discord_api: dict[str, Any]
) -> None:
    discord_api["flags"] = (1 << 14) | (1 << 18)
    settings = settings_of(openai, tmp_path, discord_token=SecretStr("right"), budget_usd=2)

    findings = await run_checks(settings, database_url)

    assert by_part(findings)["Budget"].finding == "$2.00 in 24 hours, of which $0.00 are spent"
    assert {each.state for each in findings} == {CheckState.GOOD, CheckState.IDLE}
    idle = [each.part for each in findings if each.state is CheckState.IDLE]
    assert idle == ["Buffer", "Model for pictures", "Pictures' address"]
    assert "client_id=77" in by_part(findings)["Discord"].todo
    assert show(findings)


async def test_missing_intents_are_named(
    openai: OpenAIStandIn, database_url: str, tmp_path: Path, discord_api: dict[str, Any]
) -> None:
    settings = settings_of(openai, tmp_path, discord_token=SecretStr("right"))

    diagnostics = by_part(await run_checks(settings, database_url))

    assert diagnostics["Message Content Intent"].state is CheckState.BAD
    assert diagnostics["Server Members Intent"].state is CheckState.BAD


async def test_a_budget_that_is_missing_and_a_model_without_a_price_are_named(
    openai: OpenAIStandIn, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(openai, tmp_path, openai_model="gpt-5")
    free = by_part(await run_checks(settings, database_url))

    def nothing_is_free(_: Settings) -> frozenset[str]:
        return frozenset()

    monkeypatch.setattr("bot.app.vendors.free_vendors", nothing_is_free)

    paid = by_part(await run_checks(settings, database_url))

    assert paid["Budget"].finding == "none"
    assert paid["Price"].finding == "nobody knows what openai/gpt-5 costs"
    assert "Price" not in free  # it is on this machine


async def test_a_wrong_token_is_named(
    openai: OpenAIStandIn, database_url: str, tmp_path: Path, discord_api: dict[str, Any]
) -> None:
    settings = settings_of(openai, tmp_path, discord_token=SecretStr("wrong"))

    findings = await run_checks(settings, database_url)

    assert "DISCORD_TOKEN" in by_part(findings)["Discord"].todo
    assert not show(findings)


async def test_a_database_that_is_not_there_is_named(openai: OpenAIStandIn, tmp_path: Path) -> None:
    url = f"postgresql+asyncpg://nobody@/nothing?host={tmp_path}"

    diagnostics = by_part(await run_checks(settings_of(openai, tmp_path), url))

    assert (diagnostics["Database"].state, diagnostics["Discord"].state) == (
        CheckState.BAD,
        CheckState.IDLE,
    )


async def test_models_that_end_or_are_not_offered_are_named(
    openai: OpenAIStandIn, database_url: str, tmp_path: Path
) -> None:
    openai.models = [{"id": "gpt-6-luna", "object": "model", "shutdown_date": "2020-01-01"}]

    ends = by_part(await run_checks(settings_of(openai, tmp_path), database_url))
    other = settings_of(openai, tmp_path, openai_model="gpt-7")
    missing = by_part(await run_checks(other, database_url))

    assert "is shut down on 2020-01-01" in ends["Model of openai"].finding
    assert "gpt-7, which it does not list" in missing["Model of openai"].finding
    assert missing["Model of openai"].state == CheckState.DOUBTFUL


async def test_a_folder_that_cannot_be_written_is_named(
    openai: OpenAIStandIn, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("")

    diagnostics = by_part(await run_checks(settings_of(openai, file), database_url))

    assert "DATA_DIR" in diagnostics["Storage"].todo


async def test_the_address_of_pictures_is_tried(
    openai: OpenAIStandIn, database_url: str, tmp_path: Path
) -> None:
    app = web.Application()
    async with TestServer(app, host="127.0.0.1") as server:
        base = str(server.make_url("")).rstrip("/")
        changes = {"media_public_url": base, "admin_api_key": SecretStr("sixteen-characters")}
        settings = settings_of(openai, tmp_path, **changes)
        wrong = by_part(await run_checks(settings, database_url))["Pictures' address"]
    right = web.Application()
    MediaApi(object_store(settings)).add_folder(right.router)
    async with TestServer(right, host="127.0.0.1") as server:
        changes["media_public_url"] = str(server.make_url("")).rstrip("/")
        settings = settings_of(openai, tmp_path, **changes)
        diagnostics = by_part(await run_checks(settings, database_url))

    assert (wrong.state, wrong.finding) == (CheckState.BAD, "HTTP 404")
    assert "leads to the admin API" in wrong.todo
    assert diagnostics["Pictures' address"].state is CheckState.GOOD
    assert [*(tmp_path / "media" / "uploads").iterdir()] == []


@pytest.mark.slow
async def test_a_bucket_that_does_not_answer_is_named(
    openai: OpenAIStandIn, database_url: str, tmp_path: Path
) -> None:
    settings = settings_of(
        openai,
        tmp_path,
        s3_bucket="troupe",
        s3_endpoint_url="http://127.0.0.1:9",
        s3_access_key_id="x",
        s3_secret_access_key=SecretStr("x"),
        replicate_api_token=SecretStr("r8_x"),
    )

    diagnostics = by_part(await run_checks(settings, database_url))

    assert diagnostics["Pictures' storage"].state is CheckState.BAD
    assert "S3_" in diagnostics["Pictures' storage"].todo
    assert diagnostics["Model for pictures"].finding == "replicate/google/nano-banana"


async def test_a_face_is_posted_for_the_operator_to_look_at(
    openai: OpenAIStandIn, tmp_path: Path, discord_api: dict[str, Any]
) -> None:
    settings = settings_of(openai, tmp_path, discord_token=SecretStr("right"))

    posted = await post_face(settings, 5)
    nowhere = await post_face(settings, 6)
    tokenless = await post_face(settings_of(openai, tmp_path), 5)

    assert (posted.state, posted.finding) == (
        CheckState.DOUBTFUL,
        "posted: https://discord.com/channels/4/5/9",
    )
    assert discord_api["said"]["avatar_url"].startswith("https://cdn.discordapp.com/emojis/6.png")
    assert discord_api["removed"]
    assert (nowhere.state, tokenless.state) == (CheckState.BAD, CheckState.BAD)
    assert "Manage Webhooks" in nowhere.todo
