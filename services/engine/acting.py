"""From a task to something done, in steps that are each kept."""

from collections.abc import Mapping

from db.models import ActType
from services.chat import ChannelNotFound, MissingPermission
from services.engine.actions import Action, SpeakingAction
from services.engine.errors import EnginePaused, Skipped, SkipReason
from services.engine.ports import ActStore
from services.engine.types import ActContent, ActContext, SentMessages


class ActExecutor:
    """Does one act: look whether it may be, write, check, say, record, plan what follows."""

    def __init__(self, actions: Mapping[ActType, Action]) -> None:
        self._actions = actions

    async def execute(self, notebook: ActStore) -> None:
        """See an act through.

        Raises:
            ModelError: The model did not answer; another try may help.
        """
        try:
            scene = await notebook.begin()
            action = self._actions[scene.kind]
            speaking = action if isinstance(action, SpeakingAction) else None
            if speaking and not await self._is_ready(notebook, speaking, scene):
                return
            words = await notebook.step("words", ActContent, lambda: action.write(notebook, scene))
            spoken = await self._say(notebook, speaking, scene, words) if speaking else None
            await notebook.record(scene, words, spoken)
        except EnginePaused:
            await notebook.postpone()
        except Skipped as skipped:
            await notebook.skip(skipped)
        except ChannelNotFound:
            await notebook.skip(Skipped(SkipReason.GONE))
        except MissingPermission:
            await notebook.skip(Skipped(SkipReason.SILENCED))

    async def _is_ready(
        self, notebook: ActStore, action: SpeakingAction, scene: ActContext
    ) -> bool:
        """See that there is somewhere to speak, before anybody is paid for words."""
        try:
            await action.check(scene)
        except ChannelNotFound:
            await notebook.close_board("the channel is gone")
            return False
        return True

    async def _say(
        self, notebook: ActStore, action: SpeakingAction, scene: ActContext, words: ActContent
    ) -> SentMessages:
        """Say it once, whatever happened to earlier attempts."""

        async def say() -> SentMessages:
            if await notebook.mark_sending():
                said = await action.find(scene, words)
                if said is not None:
                    return said
                await notebook.recheck()
            return await action.send(scene, words)

        return await notebook.step("spoken", SentMessages, say)
