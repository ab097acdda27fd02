"""What personalities can do on boards: one module each, all with the same three questions."""

from collections.abc import Mapping

from db.models import ActType
from services.engine.actions.base import Action, SpeakingAction
from services.engine.actions.comment import CommentAction
from services.engine.actions.image_post import ImagePostAction
from services.engine.actions.post import PostAction
from services.engine.actions.reply import ReplyAction
from services.engine.actions.vote import VoteAction
from services.engine.ports import BoardAdapter
from services.engine.writing import Writer
from services.images import ImagePipeline


def actions(
    writer: Writer, stage: BoardAdapter, studio: ImagePipeline | None = None
) -> Mapping[ActType, Action]:
    """Return what does each kind of act; without a studio there are no pictures."""
    found: dict[ActType, Action] = {
        ActType.COMMENT: CommentAction(writer, stage),
        ActType.POST: PostAction(writer, stage),
        ActType.REPLY: ReplyAction(writer, stage),
        ActType.VOTE: VoteAction(writer, stage),
    }
    if studio is not None:
        found[ActType.IMAGE_POST] = ImagePostAction(writer, stage, studio)
    return found


__all__ = ["Action", "SpeakingAction", "actions"]
