"""Limits of the networks, and the AI mark that is added to captions."""

from services.social.errors import CaptionTooLong, CommentUnsupported
from services.texts import clean_text

AI_MARK = "🤖 AI-generated image"
DISCORD = "discord"
# Maximum characters of a caption, from the help pages of the networks and Buffer. Only networks of
# Buffer's that need nothing but a photo: Pinterest needs a board, Google a button, YouTube a video.
CAPTION_LIMITS = {
    DISCORD: 2000,
    "instagram": 2200,
    "facebook": 4000,
    "twitter": 280,
    "linkedin": 3000,
    "threads": 500,
    "mastodon": 500,
    "bluesky": 300,
    "tiktok": 2200,
}
LABELS = {
    DISCORD: "Discord",
    "instagram": "Instagram",
    "facebook": "Facebook",
    "twitter": "X",
    "linkedin": "LinkedIn",
    "threads": "Threads",
    "mastodon": "Mastodon",
    "bluesky": "Bluesky",
    "tiktok": "TikTok",
}
COMMENT_SERVICES = frozenset({"instagram", "facebook", "linkedin"})
_MAX_CAPTION_LENGTH = max(CAPTION_LIMITS.values())
_MAX_COMMENT_LENGTH = 2000


def with_ai_mark(caption: str, *, is_ai_generated: bool) -> str:
    """Return a caption as it is posted, with a mark if the image is AI-generated."""
    return "\n\n".join(part for part in (caption, AI_MARK if is_ai_generated else "") if part)


def check(
    service: str | None, caption: str, first_comment: str, *, is_ai_generated: bool
) -> tuple[str, str]:
    """Return a cleaned caption and first comment, validated for a network if one is chosen.

    Raises:
        CaptionTooLong, CommentUnsupported, TextTooLong: They are not valid.
    """
    caption = clean_text(caption, field="caption", limit=_MAX_CAPTION_LENGTH)
    first_comment = clean_text(first_comment, field="first comment", limit=_MAX_COMMENT_LENGTH)
    if service is None:
        return caption, first_comment
    length = len(with_ai_mark(caption, is_ai_generated=is_ai_generated))
    if length > CAPTION_LIMITS[service]:
        raise CaptionTooLong(service, CAPTION_LIMITS[service], length)
    if first_comment and service not in COMMENT_SERVICES:
        raise CommentUnsupported(service)
    return caption, first_comment
