"""The registry of actions on boards: one class per module, discovered automatically.

To add a kind of act, add a module here with a subclass of `Action`, a prompt of the same name in
`prompts`, a member of `ActType` with its check constraint, and a migration. Lists, limits, labels,
colours and routes derive from the class.
"""

import inspect
from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from db.models import ActionType, ActType
from services.engine.actions.base import Action, SpeakingAction
from services.engine.ports import BoardAdapter
from services.engine.writing import Writer
from services.images import ImagePipeline


def _discover() -> Mapping[ActType, type[Action]]:
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    classes = {
        member
        for module in modules
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Action) and not inspect.isabstract(member)
    }
    return {
        action.kind: action
        for action in sorted(classes, key=lambda each: (-each.weight, each.kind))
    }


ACTIONS = _discover()
POSTS = tuple(kind for kind, action in ACTIONS.items() if action.is_post)
COMMENTS = tuple(kind for kind, action in ACTIONS.items() if action.is_comment)


def kind_of(action_type: ActionType) -> ActType:
    """Return the kind of a recorded act; of several that share the type, the one without images."""
    kinds = [kind for kind, action in ACTIONS.items() if action.action_type == action_type]
    return min(kinds, key=lambda kind: ACTIONS[kind].needs_pictures)


def build_actions(
    writer: Writer, adapter: BoardAdapter, pipeline: ImagePipeline | None = None
) -> Mapping[ActType, Action]:
    """Return an action for each kind of act; without a pipeline, none that needs images."""
    return {
        kind: action(writer, adapter, pipeline)
        for kind, action in ACTIONS.items()
        if pipeline is not None or not action.needs_pictures
    }


__all__ = ["ACTIONS", "COMMENTS", "POSTS", "Action", "SpeakingAction", "build_actions", "kind_of"]
