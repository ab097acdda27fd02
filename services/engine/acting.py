"""From a task to something done, in steps that are each kept."""

from collections.abc import Mapping

from db.models import ActType
from services.chat import MayNotSpeak, PlaceGone
from services.engine.actions import Action, Speaking
from services.engine.errors import Paused, Reason, Skipped
from services.engine.ports import Notebook
from services.engine.types import Scene, Spoken, Words


class Performer:
    """Does one act: look whether it may be, write, check, say, record, plan what follows."""

    def __init__(self, actions: Mapping[ActType, Action]) -> None:
        self._actions = actions

    async def perform(self, notebook: Notebook) -> None:
        """See an act through.

        Raises:
            ModelError: The model did not answer; another try may help.
        """
        try:
            scene = await notebook.begin()
            action = self._actions[scene.kind]
            speaking = action if isinstance(action, Speaking) else None
            if speaking and not await self._is_ready(notebook, speaking, scene):
                return
            words = await notebook.step("words", Words, lambda: action.write(notebook, scene))
            spoken = await self._say(notebook, speaking, scene, words) if speaking else None
            await notebook.record(scene, words, spoken)
        except Paused:
            await notebook.wait()
        except Skipped as skipped:
            await notebook.skip(skipped)
        except PlaceGone:
            await notebook.skip(Skipped(Reason.GONE))
        except MayNotSpeak:
            await notebook.skip(Skipped(Reason.SILENCED))

    async def _is_ready(self, notebook: Notebook, action: Speaking, scene: Scene) -> bool:
        """See that there is somewhere to speak, before anybody is paid for words."""
        try:
            await action.ready(scene)
        except PlaceGone:
            await notebook.close("the channel is gone")
            return False
        return True

    async def _say(
        self, notebook: Notebook, action: Speaking, scene: Scene, words: Words
    ) -> Spoken:
        """Say it once, whatever happened to earlier attempts."""

        async def say() -> Spoken:
            if await notebook.sending():
                said = await action.find(scene, words)
                if said is not None:
                    return said
                await notebook.recheck()
            return await action.say(scene, words)

        return await notebook.step("spoken", Spoken, say)
