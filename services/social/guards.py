"""Whose photos, targets and posts are, and what may be written of them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Photo, SocialPost, SocialTarget
from services.personalities import get_owned
from services.photos import ALT_LIMIT, PhotoNotFound
from services.social import captions, queries
from services.social.errors import PhotoHasPost, PostNotFound, TargetNotFound
from services.social.types import CaptionDraft, PostDetails
from services.texts import clean_text
from services.types import Actor


def write(post: SocialPost, photo: Photo, target: SocialTarget | None, draft: CaptionDraft) -> None:
    """Let a post say something, if its target takes that."""
    service = target.service if target else None
    caption, comment = captions.check(
        service, draft.caption, draft.first_comment, is_made=photo.is_ai_generated
    )
    photo.alt_text = clean_text(draft.alt_text, field="alt text", limit=ALT_LIMIT)
    post.caption, post.first_comment = caption, comment
    post.target_id = target.id if target else post.target_id


def has_post(existing: PostDetails) -> PhotoHasPost:
    """Return the refusal that a photo's post is."""
    post, target = existing.post, existing.target
    at = post.posted_at or post.scheduled_at
    return PhotoHasPost(existing.photo.file_name, post.status, target.name if target else "", at)


async def photo_of(session: AsyncSession, actor: Actor, photo_id: UUID) -> Photo:
    """Return a photo of the actor's; its personality is locked.

    Raises:
        OwnersOnly, PhotoNotFound: It is not the actor's, or gone.
    """
    photo = await session.get(Photo, photo_id)
    if photo is None:
        raise PhotoNotFound("")
    await get_owned(session, actor, photo.personality_id)
    return photo


async def target_for(session: AsyncSession, photo: Photo, target_id: UUID) -> SocialTarget:
    """Return where the personality of a photo posts.

    Raises:
        TargetNotFound: It does not, or not any more.
    """
    target = await session.get(SocialTarget, target_id)
    if target is None or target.removed_at or target.personality_id != photo.personality_id:
        raise TargetNotFound(target.name if target else "this target")
    return target


async def locked(session: AsyncSession, actor: Actor, post_id: UUID) -> PostDetails:
    """Return a post that is the actor's; its personality, its target and it are locked, in order.

    Everywhere in this order: whoever pauses a target locks its posts as well.
    """
    found = await queries.details(session, post_id)
    if found is None:
        raise PostNotFound("")
    await get_owned(session, actor, found.post.personality_id)
    if found.target is not None:
        await session.refresh(found.target, with_for_update=True)
    entry = await queries.details(session, post_id, lock=True)
    if entry is None:
        raise PostNotFound("")
    return entry
