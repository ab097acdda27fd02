"""What somebody does on the playground's page, as actions of simcord."""
# pyright: reportPrivateUsage=false

import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from secrets import token_urlsafe
from typing import Any, Final, TypeAlias, cast

from simcord.actors import MemberActor, _autocomplete_result, _dispatch_actor_interaction
from simcord.backend import serializers
from simcord.backend.errors import BackendError, SetupError
from simcord.builders import ChannelHandle, RoleHandle, UserHandle
from simcord.interactions import command_leaves, parse_option_input
from simcord.results import InteractionResult, ResponseMessage

from bot.discord.errors import describe
from bot.playground import world
from bot.playground.live import LiveEnv
from bot.playground.viewers import Viewers
from bot.playground.world import World
from services.errors import DomainError

log = logging.getLogger(__name__)

# Types of options, and of components in forms.
_ENTITIES: Final = (6, 7, 8, 9)
_FILE_OPTION: Final = 11
_STRING_SELECT, _FILE_UPLOAD = 3, 19
_ENTITY_SELECTS: Final = (5, 6, 7, 8)
_MESSAGE_MENU: Final = 3
_COMMAND: Final = 2
_MAX_FILES: Final = 100

Arguments: TypeAlias = Mapping[str, Any]
Action: TypeAlias = Callable[[MemberActor, Arguments], Awaitable[Any]]


class ActionRefused(Exception):
    """Discord's own client would not let somebody do this; its text says why."""


class Actions:
    """The actions of all viewers."""

    def __init__(self, env: LiveEnv, world_: World, viewers: Viewers) -> None:
        self._env = env
        self._backend = env.backend
        self._world = world_
        self._viewers = viewers
        self._files: dict[str, tuple[str, bytes]] = {}
        self._actions: dict[str, Action] = {
            "open": self._open,
            "search": self._search,
            "send": self._send,
            "edit": self._edit,
            "delete": self._delete,
            "react": self._react,
            "typing": self._typing,
            "thread": self._create_thread,
            "commands": self._commands,
            "slash": self._slash,
            "autocomplete": self._autocomplete,
            "menu": self._menu,
            "click": self._click,
            "select": self._select,
            "submit": self._submit,
            "join": self._join,
        }

    def add(self, actions: Mapping[str, Action]) -> None:
        """Add actions that are not Discord's, by their names."""
        self._actions |= actions

    async def run(self, actor: MemberActor, name: str, arguments: Arguments) -> Any:
        """Do something; return what is to be known of it.

        Raises:
            ActionRefused: It cannot be done.
        """
        try:
            return await self._actions[name](actor, arguments)
        except (SetupError, BackendError) as error:
            raise ActionRefused(str(error)) from error
        except DomainError as error:
            raise ActionRefused(describe(error)) from error
        except (KeyError, ValueError, TypeError, AttributeError, StopIteration) as error:
            log.debug("An action of the page was refused: %s", name, exc_info=error)
            raise ActionRefused("That is not there any more.") from error

    def store(self, name: str, data: bytes) -> str:
        """Keep an uploaded file until it is sent; return its key."""
        while len(self._files) >= _MAX_FILES:
            self._files.pop(next(iter(self._files)))
        key = token_urlsafe(8)
        self._files[key] = name, data
        return key

    async def _open(self, actor: MemberActor, arguments: Arguments) -> Any:
        before = int(arguments.get("before") or 0)
        return self._viewers.messages(actor, int(arguments["channel"]), before=before)

    async def _search(self, actor: MemberActor, arguments: Arguments) -> Any:
        return self._viewers.search(actor, str(arguments["words"]))

    async def _send(self, actor: MemberActor, arguments: Arguments) -> Any:
        channel, reply = self._channel(arguments), arguments.get("reply")
        files = [self._files.pop(key) for key in arguments.get("files") or ()]
        text = str(arguments["text"])
        if channel.guild is not None:
            answered = self._message(arguments, reply) if reply else None
            sent = await actor.send(channel, text, reply_to=answered, attachments=files)
        else:
            reference = {"channel_id": arguments["channel"], "message_id": reply} if reply else None
            stored = self._backend.store_attachments(channel.id, files)
            sent = await actor.user.send_dm(text, reference=reference, attachments=stored)
        return str(sent.id)

    async def _edit(self, actor: MemberActor, arguments: Arguments) -> None:
        await self._who(actor, arguments).edit(self._message(arguments), str(arguments["text"]))

    async def _delete(self, actor: MemberActor, arguments: Arguments) -> None:
        await self._who(actor, arguments).delete(self._message(arguments))

    async def _react(self, actor: MemberActor, arguments: Arguments) -> None:
        await self._who(actor, arguments).set_reaction(
            self._message(arguments), str(arguments["emoji"]), reacted=bool(arguments["on"])
        )

    async def _typing(self, actor: MemberActor, arguments: Arguments) -> None:
        channel = self._channel(arguments)
        if channel.guild is not None:
            await actor.typing(channel)

    async def _create_thread(self, actor: MemberActor, arguments: Arguments) -> str:
        """Open a thread, or a post of a forum, which a message begins."""
        name, text = str(arguments["name"]).strip(), str(arguments["text"])
        if not name:
            raise SetupError("A thread needs a name.")
        thread = self._backend.create_thread(int(arguments["channel"]), name[:100], actor.id)
        if text:
            await actor.send(ChannelHandle(self._env, self._world.guild, thread), text)
        return str(thread.id)

    async def _join(self, _: MemberActor, arguments: Arguments) -> str:
        """Let somebody new join; return by what name the page knows them."""
        name = str(arguments["name"]).strip()
        if not name:
            raise SetupError("Somebody new needs a name.")
        member = world.join(self._env, self._world.guild, name)
        self._world.members[member.user.name] = member
        self._viewers.refresh()
        return member.user.name

    async def _commands(self, actor: MemberActor, arguments: Arguments) -> Any:
        def visible(kind: int) -> list[dict[str, Any]]:
            commands: Any = self._backend.visible_commands(
                user_id=actor.id, channel_id=int(arguments["channel"]), type=kind
            )
            return list(commands)

        return {
            "slash": [
                {
                    "name": " ".join(path),
                    "description": leaf.get("description", ""),
                    "options": leaf.get("options", []),
                }
                for command in visible(1)
                for path, leaf in command_leaves(command)
            ],
            "message": [each["name"] for each in visible(_MESSAGE_MENU)],
        }

    async def _slash(self, actor: MemberActor, arguments: Arguments) -> Any:
        channel, name = self._channel(arguments), str(arguments["name"])
        options = self._options(name, arguments.get("options") or {})
        if channel.guild is not None:
            result = await actor.slash(channel, name, **options)
        else:
            result = await actor.user.slash(name, **options)
        return await self._outcome(result)

    async def _autocomplete(self, actor: MemberActor, arguments: Arguments) -> Any:
        channel, name = self._channel(arguments), str(arguments["name"])
        filled: dict[str, Any] = {}
        with suppress(SetupError):  # what is half typed is left out, as Discord does
            filled = self._options(name, arguments.get("options") or {})
        # The public action returns before the bot has answered.
        result = await _autocomplete_result(
            self._who(actor, arguments),
            *(channel, name, str(arguments["option"]), str(arguments["text"]), filled),
        )
        await self._env.is_answered(result._interaction)
        return result.autocomplete_choices or []

    async def _menu(self, actor: MemberActor, arguments: Arguments) -> Any:
        channel, message = self._channel(arguments), self._message(arguments)
        name = str(arguments["name"])
        if channel.guild is not None:
            return await self._outcome(await actor.context_menu(channel, name, message))
        command = self._backend.find_command(name, None, type=_MESSAGE_MENU)
        if command is None:
            raise SetupError("There is no such command here.")
        payload: Any = serializers.message_payload(self._backend, message._message)
        data = {
            "id": command["id"],
            "name": name,
            "type": _MESSAGE_MENU,
            "target_id": arguments["id"],
            "resolved": {"messages": {arguments["id"]: dict(payload)}},
        }
        result = await _dispatch_actor_interaction(actor.user, _COMMAND, channel, data)
        return await self._outcome(result)

    async def _click(self, actor: MemberActor, arguments: Arguments) -> Any:
        who, message = self._who(actor, arguments), self._message(arguments)
        return await self._outcome(await who.click(message, custom_id=arguments["custom"]))

    async def _select(self, actor: MemberActor, arguments: Arguments) -> Any:
        who, message = self._who(actor, arguments), self._message(arguments)
        chosen: list[Any] = [str(each) for each in arguments["values"]]
        if int(arguments["kind"]) != _STRING_SELECT:
            chosen = [self._entity(int(each)) for each in chosen]
        result = await who.select(message, chosen, custom_id=arguments["custom"])
        return await self._outcome(result)

    async def _submit(self, actor: MemberActor, arguments: Arguments) -> Any:
        form_id = int(arguments["form"])
        shown = self._viewers.form(form_id)
        who: Any = actor if shown._interaction.guild_id else actor.user
        kinds = _kinds(shown.modal or {})
        values = {
            custom_id: self._form_value(kinds[custom_id], value)
            for custom_id, value in arguments["values"].items()
        }
        result = await who.submit_modal(shown, values)
        self._viewers.close_form(form_id)  # what was refused stays open, with what was typed
        return await self._outcome(result)

    def _form_value(self, kind: int, value: Any) -> Any:
        if kind == _FILE_UPLOAD:
            return [self._files.pop(key) for key in value]
        return [self._entity(int(each)) for each in value] if kind in _ENTITY_SELECTS else value

    async def _outcome(self, result: InteractionResult) -> dict[str, Any]:
        if not await self._env.is_answered(result._interaction):
            raise SetupError("The application did not respond.")
        return {"kind": str(result._interaction.response_kind)}

    def _channel(self, arguments: Arguments) -> ChannelHandle:
        channel = self._backend.get_channel(int(arguments["channel"]))
        return ChannelHandle(self._env, self._world.guild if channel.guild_id else None, channel)

    def _who(self, actor: MemberActor, arguments: Arguments) -> Any:
        """Return who acts: in a DM simcord wants the user, elsewhere the member."""
        return actor if self._channel(arguments).guild is not None else actor.user

    def _message(self, arguments: Arguments, message_id: str | None = None) -> ResponseMessage:
        number = int(message_id or arguments["id"])
        message = self._backend.get_message(int(arguments["channel"]), number)
        return ResponseMessage(self._env, message)

    def _options(self, name: str, typed: Mapping[str, Any]) -> dict[str, Any]:
        path = name.split()
        root = self._backend.find_command(path[0], self._world.guild.id) or {"name": ""}
        leaf = next(leaf for names, leaf in command_leaves(root) if names == path)
        declared = {option["name"]: option for option in leaf.get("options", [])}
        return {key: self._option(name, declared[key], value) for key, value in typed.items()}

    def _option(self, name: str, option: dict[str, Any], typed: Any) -> Any:
        if option["type"] == _FILE_OPTION:
            return self._files.pop(typed)
        if option["type"] in _ENTITIES:
            return self._entity(int(typed))
        return parse_option_input(name, option, typed)

    def _entity(self, number: int) -> Any:
        """Return what simcord wants where Discord has an id."""
        guild = self._backend.guilds[self._world.guild.id]
        if number in guild.members:
            user = UserHandle(self._env, self._backend.users[number])
            return MemberActor(self._env, self._world.guild, user)
        if number in guild.roles:
            return RoleHandle(self._env, self._world.guild, guild.roles[number])
        return ChannelHandle(self._env, self._world.guild, self._backend.get_channel(number))


def _kinds(node: Any) -> dict[str, int]:
    """Return the type of each component of a form that has a value."""
    if isinstance(node, list):
        found: dict[str, int] = {}
        for each in cast("list[Any]", node):
            found |= _kinds(each)
        return found
    if not isinstance(node, dict):
        return {}
    component = cast("dict[str, Any]", node)
    has_value = "custom_id" in component and "type" in component
    own = {component["custom_id"]: component["type"]} if has_value else {}
    inner = _kinds(component.get("components")) | _kinds(component.get("component"))
    return own | inner
