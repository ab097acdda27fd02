"""Checks of images: the model, the storage, and the public URL."""

from uuid import uuid4

import aiohttp

from bot.app.settings import Settings
from bot.app.vendors import image_model_name, object_store
from bot.cli.doctor.diagnostics import CheckResult, CheckState
from bot.discord.errors import explain
from services.errors import DomainError
from services.media import NoPublicUrl, ObjectStore

_PROBE = b"troupe doctor was here"
_TIMEOUT = aiohttp.ClientTimeout(total=10)


async def examine_media(settings: Settings) -> list[CheckResult]:
    """Check the image model, and the storage by writing, fetching and deleting a file."""
    store = object_store(settings)
    key = f"uploads/doctor-{uuid4().hex}"
    try:
        await store.put(key, _PROBE, media_type="text/plain")
        try:
            findings = [
                await _check_storage(store, key),
                await _check_public_url(settings, store, key),
            ]
        finally:
            await store.delete([key])
    except DomainError as error:
        todo = "Look at the settings that begin with S3_."
        findings = [
            CheckResult("Pictures' storage", CheckState.BAD, explain(error) or str(error), todo)
        ]
    finally:
        await store.close()
    return [_check_image_model(settings), *findings]


def _check_image_model(settings: Settings) -> CheckResult:
    if name := image_model_name(settings):
        return CheckResult("Model for pictures", CheckState.GOOD, name)
    todo = "Set REPLICATE_API_TOKEN or GEMINI_API_KEY for characters and pictures on boards."
    return CheckResult("Model for pictures", CheckState.IDLE, "no key", todo)


async def _check_storage(store: ObjectStore, key: str) -> CheckResult:
    if await store.get(key) != _PROBE:
        todo = "Look at the settings that begin with S3_."
        return CheckResult(
            "Pictures' storage", CheckState.BAD, "it gives back something else", todo
        )
    return CheckResult("Pictures' storage", CheckState.GOOD, "keeps and gives back")


async def _check_public_url(settings: Settings, store: ObjectStore, key: str) -> CheckResult:
    """Check that stored files are public. Local files are served only while the bot runs."""
    part = "Pictures' address"
    try:
        url = store.public_url(key)
    except NoPublicUrl:
        todo = "Set MEDIA_PUBLIC_URL, so that Discord can fetch faces of personalities."
        return CheckResult(part, CheckState.IDLE, "none", todo)
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session, session.get(url) as answer:
            body, problem = await answer.content.read(len(_PROBE) + 1), f"HTTP {answer.status}"
    except (aiohttp.ClientError, TimeoutError) as error:
        body, problem = b"", str(error)[:200] or type(error).__name__
    if body == _PROBE:
        return CheckResult(part, CheckState.GOOD, str(settings.media_public_url))
    hint = "the bucket is open there" if settings.s3_bucket else "it leads to the admin API"
    todo = f"See that MEDIA_PUBLIC_URL is right, and that {hint}, while the bot runs."
    return CheckResult(part, CheckState.BAD, problem, todo)
