"""Ownership checks for photos, targets and posts, and validation of drafts."""

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


def apply_draft(
    post: SocialPost, photo: Photo, target: SocialTarget | None, draft: CaptionDraft
) -> None:
    """Validate a draft for a target and write it to a post and its photo.

    Raises:
        CaptionTooLong, CommentUnsupported, TextTooLong: The target does not accept it.
    """
    service = target.service if target else None
    caption, comment = captions.check(
        service, draft.caption, draft.first_comment, is_ai_generated=photo.is_ai_generated
    )
    photo.alt_text = clean_text(draft.alt_text, field="alt text", limit=ALT_LIMIT)
    post.caption, post.first_comment = caption, comment
    post.target_id = target.id if target else post.target_id


def existing_post_error(existing: PostDetails) -> PhotoHasPost:
    """Return the error for a photo that already has this post."""
    post, target = existing.post, existing.target
    at = post.posted_at or post.scheduled_at
    return PhotoHasPost(existing.photo.file_name, post.status, target.name if target else "", at)


async def get_photo(session: AsyncSession, actor: Actor, photo_id: UUID) -> Photo:
    """Return a photo of the actor, with its personality locked.

    Raises:
        OwnersOnly, PhotoNotFound: It is not the actor's, or does not exist.
    """
    photo = await session.get(Photo, photo_id)
    if photo is None:
        raise PhotoNotFound("")
    await get_owned(session, actor, photo.personality_id)
    return photo


async def get_target(session: AsyncSession, photo: Photo, target_id: UUID) -> SocialTarget:
    """Return a target of the photo's personality.

    Raises:
        TargetNotFound: It is not a target of the personality, or was removed.
    """
    target = await session.get(SocialTarget, target_id)
    if target is None or target.removed_at or target.personality_id != photo.personality_id:
        raise TargetNotFound(target.name if target else "this target")
    return target


async def get_locked_post(session: AsyncSession, actor: Actor, post_id: UUID) -> PostDetails:
    """Return a post of the actor, with its personality, its target and itself locked, in order.

    The order is the same everywhere: pausing a target locks its posts as well.

    Raises:
        OwnersOnly, PostNotFound: It is not the actor's, or does not exist.
    """
    unlocked = await queries.details(session, post_id)
    if unlocked is None:
        raise PostNotFound("")
    await get_owned(session, actor, unlocked.post.personality_id)
    if unlocked.target is not None:
        await session.refresh(unlocked.target, with_for_update=True)
    details = await queries.details(session, post_id, lock=True)
    if details is None:
        raise PostNotFound("")
    return details
