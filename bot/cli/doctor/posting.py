"""Checks of posting: the connection to Buffer, and the image embedder."""

from sqlalchemy.exc import SQLAlchemyError

from bot.app.settings import Settings
from bot.app.vendors import buffer_publisher, object_store, photo_embedder
from bot.cli.doctor.diagnostics import CheckResult, CheckState
from bot.discord.errors import explain
from db.session import Sessions
from services.errors import DomainError
from services.media import contact_sheet, prepare


async def examine_posting(settings: Settings, sessions: Sessions) -> list[CheckResult]:
    """Check the image embedder with a blank image, and Buffer by listing its channels."""
    return [await _check_embedder(settings), await _check_buffer(settings, sessions)]


async def _check_embedder(settings: Settings) -> CheckResult:
    part = "Looks at photos"
    async with photo_embedder(settings) as embedder:
        try:
            vector = await embedder.embed_picture(prepare(contact_sheet([None])).data)
        except DomainError as error:
            todo = "Look at IMAGE_EMBEDDER, IMAGE_EMBED_URL and GEMINI_EMBED_MODEL."
            return CheckResult(part, CheckState.BAD, explain(error) or str(error), todo)
        capabilities = "and words" if embedder.supports_text else "not words"
        return CheckResult(
            part, CheckState.GOOD, f"{embedder.name}, {len(vector)} numbers, {capabilities}"
        )


async def _check_buffer(settings: Settings, sessions: Sessions) -> CheckResult:
    store = object_store(settings)
    try:
        buffer = buffer_publisher(settings, sessions, store)
        if buffer is None:
            todo = "Set BUFFER_API_KEY to post photos on social networks."
            return CheckResult("Buffer", CheckState.IDLE, "no key", todo)
        channels = await buffer.list_channels()
    except DomainError as error:
        return CheckResult(
            "Buffer", CheckState.BAD, explain(error) or str(error), "Look at BUFFER_API_KEY."
        )
    except (SQLAlchemyError, OSError):
        return CheckResult("Buffer", CheckState.IDLE, "not asked: there are no tables yet")
    finally:
        await store.close()
    closed = [each.name for each in channels if each.problem]
    if closed:
        todo = "Connect them again at Buffer, or unlock them."
        return CheckResult("Buffer", CheckState.BAD, f"closed: {', '.join(closed)}"[:200], todo)
    if settings.media_public_url is None:
        todo = "Set MEDIA_PUBLIC_URL: Buffer fetches photos from there."
        return CheckResult("Buffer", CheckState.BAD, "it could not fetch any photo", todo)
    return CheckResult("Buffer", CheckState.GOOD, f"{len(channels)} channels")
