"""A vote for or against something."""

import random
from typing import ClassVar

from typing_extensions import override

from db.models import ActionType, ActType
from services.engine.actions.base import Action
from services.engine.ports import ActStore
from services.engine.similarity import similarity
from services.engine.types import ActContent, ActContext

# Most people who vote at all are for something.
_FOR, _FOND, _MOODY, _NEAR = 0.78, 0.05, 0.06, 0.2
_LEAST, _MOST = 0.3, 0.98


class VoteAction(Action):
    """Judges by affinity, topic and mood; a model is asked only where the board wants it."""

    kind: ClassVar = ActType.VOTE
    action_type: ClassVar = ActionType.VOTED
    label: ClassVar = "votes"
    colour: ClassVar = "#BBBBBB"
    weight: ClassVar = 0.345
    delay: ClassVar = "vote"

    @override
    async def write(self, notebook: ActStore, scene: ActContext) -> ActContent:
        if scene.model_votes:
            words = await self._writer.ask(notebook, scene, name="vote")
            value = -1 if "down" in words.text.lower() else 1
            return words.model_copy(update={"text": "", "vote": value})
        liking = _FOR + _FOND * min(scene.affinity, 3) + _MOODY * (min(scene.mood, 2) - 1)
        if scene.target is not None:
            liking += _NEAR * similarity(scene.target.text, (scene.definition, *scene.own))
        chance = random.Random(f"{scene.seed}:{scene.task_id}")  # noqa: S311 - a taste
        is_for = chance.random() < min(max(liking, _LEAST), _MOST)
        return ActContent(vote=1 if is_for else -1)
