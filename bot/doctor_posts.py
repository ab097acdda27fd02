"""What is wrong with posting photos: the way to Buffer, and who looks at photos."""

from sqlalchemy.exc import SQLAlchemyError

from bot.errors import explain
from bot.findings import Finding, State
from bot.settings import Settings
from bot.vendors import buffer_publisher, looking, object_store
from db.session import Sessions
from services.errors import DomainError
from services.media import prepare, sheet


async def examine_posting(settings: Settings, sessions: Sessions) -> list[Finding]:
    """Ask Buffer for its channels, and let a picture be looked at."""
    return [await _looker(settings), await _buffer(settings, sessions)]


async def _looker(settings: Settings) -> Finding:
    part = "Looks at photos"
    async with looking(settings) as embedder:
        try:
            vector = await embedder.embed_picture(prepare(sheet([None])).data)
        except DomainError as error:
            todo = "Look at IMAGE_EMBEDDER, IMAGE_EMBED_URL and GEMINI_EMBED_MODEL."
            return Finding(part, State.BAD, explain(error) or str(error), todo)
        words = "and words" if embedder.knows_text else "not words"
        return Finding(part, State.GOOD, f"{embedder.name}, {len(vector)} numbers, {words}")


async def _buffer(settings: Settings, sessions: Sessions) -> Finding:
    store = object_store(settings)
    try:
        buffer = buffer_publisher(settings, sessions, store)
        if buffer is None:
            todo = "Set BUFFER_API_KEY to post photos on social networks."
            return Finding("Buffer", State.IDLE, "no key", todo)
        channels = await buffer.listed()
    except DomainError as error:
        return Finding("Buffer", State.BAD, explain(error) or str(error), "Look at BUFFER_API_KEY.")
    except (SQLAlchemyError, OSError):
        return Finding("Buffer", State.IDLE, "not asked: there are no tables yet")
    finally:
        await store.close()
    closed = [each.name for each in channels if each.problem]
    if closed:
        todo = "Connect them again at Buffer, or unlock them."
        return Finding("Buffer", State.BAD, f"closed: {', '.join(closed)}"[:200], todo)
    if settings.media_public_url is None:
        todo = "Set MEDIA_PUBLIC_URL: Buffer fetches photos from there."
        return Finding("Buffer", State.BAD, "it could not fetch any photo", todo)
    return Finding("Buffer", State.GOOD, f"{len(channels)} channels")
