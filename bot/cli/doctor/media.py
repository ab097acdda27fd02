"""What is wrong with pictures: their model, where they are kept, and who can fetch them."""

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
    """Put a file into the storage, fetch it as everyone would, and take it away again."""
    store = object_store(settings)
    key = f"uploads/doctor-{uuid4().hex}"
    try:
        await store.put(key, _PROBE, media_type="text/plain")
        try:
            findings = [await _kept(store, key), await _reached(settings, store, key)]
        finally:
            await store.delete([key])
    except DomainError as error:
        todo = "Look at the settings that begin with S3_."
        findings = [
            CheckResult("Pictures' storage", CheckState.BAD, explain(error) or str(error), todo)
        ]
    finally:
        await store.close()
    return [_painter(settings), *findings]


def _painter(settings: Settings) -> CheckResult:
    if name := image_model_name(settings):
        return CheckResult("Model for pictures", CheckState.GOOD, name)
    todo = "Set REPLICATE_API_TOKEN or GEMINI_API_KEY for characters and pictures on boards."
    return CheckResult("Model for pictures", CheckState.IDLE, "no key", todo)


async def _kept(store: ObjectStore, key: str) -> CheckResult:
    if await store.get(key) != _PROBE:
        todo = "Look at the settings that begin with S3_."
        return CheckResult(
            "Pictures' storage", CheckState.BAD, "it gives back something else", todo
        )
    return CheckResult("Pictures' storage", CheckState.GOOD, "keeps and gives back")


async def _reached(settings: Settings, store: ObjectStore, key: str) -> CheckResult:
    """See whether everyone can fetch what is stored. The admin API serves while the bot runs."""
    part = "Pictures' address"
    try:
        url = store.public_url(key)
    except NoPublicUrl:
        todo = "Set MEDIA_PUBLIC_URL, so that Discord can fetch faces of personalities."
        return CheckResult(part, CheckState.IDLE, "none", todo)
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session, session.get(url) as answer:
            body, said = await answer.content.read(len(_PROBE) + 1), f"HTTP {answer.status}"
    except (aiohttp.ClientError, TimeoutError) as error:
        body, said = b"", str(error)[:200] or type(error).__name__
    if body == _PROBE:
        return CheckResult(part, CheckState.GOOD, str(settings.media_public_url))
    where = "the bucket is open there" if settings.s3_bucket else "it leads to the admin API"
    todo = f"See that MEDIA_PUBLIC_URL is right, and that {where}, while the bot runs."
    return CheckResult(part, CheckState.BAD, said, todo)
