"""What is wrong with pictures: their model, where they are kept, and who can fetch them."""

from uuid import uuid4

import aiohttp

from bot.errors import explain
from bot.findings import Finding, State
from bot.settings import Settings
from bot.vendors import chosen_painter, object_store
from services.errors import DomainError
from services.media import NoPublicAddress, ObjectStore

_PROBE = b"troupe doctor was here"
_TIMEOUT = aiohttp.ClientTimeout(total=10)


async def examine_media(settings: Settings) -> list[Finding]:
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
        findings = [Finding("Pictures' storage", State.BAD, explain(error) or str(error), todo)]
    finally:
        await store.close()
    return [_painter(settings), *findings]


def _painter(settings: Settings) -> Finding:
    if name := chosen_painter(settings):
        return Finding("Model for pictures", State.GOOD, name)
    todo = "Set REPLICATE_API_TOKEN or GEMINI_API_KEY for characters and pictures on boards."
    return Finding("Model for pictures", State.IDLE, "no key", todo)


async def _kept(store: ObjectStore, key: str) -> Finding:
    if await store.get(key) != _PROBE:
        todo = "Look at the settings that begin with S3_."
        return Finding("Pictures' storage", State.BAD, "it gives back something else", todo)
    return Finding("Pictures' storage", State.GOOD, "keeps and gives back")


async def _reached(settings: Settings, store: ObjectStore, key: str) -> Finding:
    """See whether everyone can fetch what is stored. The admin API serves while the bot runs."""
    part = "Pictures' address"
    try:
        url = store.public_url(key)
    except NoPublicAddress:
        todo = "Set MEDIA_PUBLIC_URL, so that Discord can fetch faces of personalities."
        return Finding(part, State.IDLE, "none", todo)
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session, session.get(url) as answer:
            body, said = await answer.content.read(len(_PROBE) + 1), f"HTTP {answer.status}"
    except (aiohttp.ClientError, TimeoutError) as error:
        body, said = b"", str(error)[:200] or type(error).__name__
    if body == _PROBE:
        return Finding(part, State.GOOD, str(settings.media_public_url))
    where = "the bucket is open there" if settings.s3_bucket else "it leads to the admin API"
    todo = f"See that MEDIA_PUBLIC_URL is right, and that {where}, while the bot runs."
    return Finding(part, State.BAD, said, todo)
