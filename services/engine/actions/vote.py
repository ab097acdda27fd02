"""The action that votes on a post or comment."""

import random
from typing import ClassVar

from typing_extensions import override

from db.models import ActionType, ActType
from services.engine.actions.base import Action
from services.engine.ports import ActStore
from services.engine.similarity import similarity
from services.engine.types import ActContent, ActContext

# Most votes of people are upvotes.
_BASE_PROBABILITY, _AFFINITY_WEIGHT, _MOOD_WEIGHT, _SIMILARITY_WEIGHT = 0.78, 0.05, 0.06, 0.2
_MIN_PROBABILITY, _MAX_PROBABILITY = 0.3, 0.98


class VoteAction(Action):
    """Votes by affinity, topic and mood; a model decides only if the board is set so."""

    kind: ClassVar = ActType.VOTE
    action_type: ClassVar = ActionType.VOTED
    label: ClassVar = "votes"
    colour: ClassVar = "#BBBBBB"
    weight: ClassVar = 0.345
    delay: ClassVar = "vote"

    @override
    async def write(self, store: ActStore, context: ActContext) -> ActContent:
        if context.model_votes:
            content = await self._writer.ask(store, context, name="vote")
            value = -1 if "down" in content.text.lower() else 1
            return content.model_copy(update={"text": "", "vote": value})
        probability = (
            _BASE_PROBABILITY
            + _AFFINITY_WEIGHT * min(context.affinity, 3)
            + _MOOD_WEIGHT * (min(context.mood, 2) - 1)
        )
        if context.target is not None:
            probability += _SIMILARITY_WEIGHT * similarity(
                context.target.text, (context.definition, *context.own)
            )
        rng = random.Random(f"{context.seed}:{context.task_id}")  # noqa: S311 - no secret
        is_for = rng.random() < min(max(probability, _MIN_PROBABILITY), _MAX_PROBABILITY)
        return ActContent(vote=1 if is_for else -1)
