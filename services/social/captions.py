"""What networks take, and what is added to a caption."""

from services.social.errors import CaptionTooLong, CommentUnsupported
from services.texts import clean_text

AI_MARK = "🤖 AI-generated image"
DISCORD = "discord"
# Characters of a caption, as the networks' and Buffer's help pages say. Of Buffer's networks, those
# that take a photo without anything else being chosen: Pinterest asks for a board, Google for a
# button, YouTube for a video.
CAPTIONS = {
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
COMMENTED = frozenset({"instagram", "facebook", "linkedin"})
_LONGEST = max(CAPTIONS.values())
_COMMENT = 2000


def with_ai_mark(caption: str, *, is_made: bool) -> str:
    """Return a caption as it is posted: of a picture that a machine made, it says so."""
    return "\n\n".join(part for part in (caption, AI_MARK if is_made else "") if part)


def check(
    service: str | None, caption: str, first_comment: str, *, is_made: bool
) -> tuple[str, str]:
    """Return a caption and a first comment fit for a network, or for any while none is chosen.

    Raises:
        CaptionTooLong, CommentUnsupported, TextTooLong: They are not.
    """
    caption = clean_text(caption, field="caption", limit=_LONGEST)
    first_comment = clean_text(first_comment, field="first comment", limit=_COMMENT)
    if service is None:
        return caption, first_comment
    whole = len(with_ai_mark(caption, is_made=is_made))
    if whole > CAPTIONS[service]:
        raise CaptionTooLong(service, CAPTIONS[service], whole)
    if first_comment and service not in COMMENTED:
        raise CommentUnsupported(service)
    return caption, first_comment
