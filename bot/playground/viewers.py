"""Who looks at the playground's page, and what each of them is shown.

What happens is told as Discord's own payloads, seen with the eyes of each viewer.
"""
# pyright: reportPrivateUsage=false

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final

from simcord.actors import MemberActor
from simcord.backend import serializers
from simcord.backend.access import channel_accessible
from simcord.backend.cdn import CDN_BASE
from simcord.backend.models import Channel, Interaction, Message
from simcord.results import InteractionResult

from bot.playground import world
from bot.playground.live import EMOJI_BASE, LiveEnv
from bot.playground.world import World

# Messages that a channel opens with, and results of a search.
_MAX_SHOWN: Final = 100
_MAX_FOUND: Final = 50
_MAX_QUEUED: Final = 5000
_DM = 1


class Viewer:
    """A window that looks at the playground as somebody."""

    def __init__(self, actor: MemberActor) -> None:
        self.actor = actor
        self.queue: asyncio.Queue[str] = asyncio.Queue(_MAX_QUEUED)
        self.is_lost = False

    def tell(self, event: str, /, **what: Any) -> None:
        """Tell what has happened; who does not keep up has to begin anew."""
        try:
            self.queue.put_nowait(json.dumps({"event": event, **what}))
        except asyncio.QueueFull:
            self.is_lost = True


class Viewers:
    """All windows."""

    def __init__(self, env: LiveEnv, world: World) -> None:
        self._env = env
        self._backend = env.backend
        self._world = world
        self._viewers: set[Viewer] = set()
        self._forms: dict[int, InteractionResult] = {}
        # Of interactions, the ephemeral messages that were shown.
        self._private: dict[int, set[int]] = {}
        env.backend.subscribers.append(self._on_event)
        env.on_interaction = self._on_interaction

    def add(self, viewer: Viewer) -> None:
        """Let somebody look, and tell them what there is."""
        self._viewers.add(viewer)
        viewer.tell("hello", **self._hello(viewer.actor))

    def remove(self, viewer: Viewer) -> None:
        """Tell somebody nothing more."""
        self._viewers.discard(viewer)

    def refresh(self) -> None:
        """Tell everybody anew who and what there is."""
        for viewer in self._viewers:
            viewer.tell("people", **self._people())

    def tell_time(self) -> None:
        """Tell everybody what time it is, and how fast it passes."""
        for viewer in self._viewers:
            viewer.tell("clock", **self._time())

    def _time(self) -> dict[str, Any]:
        clock = self._backend.clock
        return {"now": clock.now().isoformat(), "speed": getattr(clock, "speed", 1)}

    def form(self, interaction_id: int) -> InteractionResult:
        """Return a form that is open.

        Raises:
            KeyError: It is not.
        """
        return self._forms[interaction_id]

    def close_form(self, interaction_id: int) -> None:
        """Forget a form that was sent."""
        self._forms.pop(interaction_id, None)

    def messages(self, actor: MemberActor, channel_id: int, *, before: int = 0) -> list[Any]:
        """Return the last messages of a channel that somebody may read, before one of them."""
        if not channel_accessible(self._backend, channel_id, actor.id, history=True):
            return []
        stored = self._backend.messages.get(channel_id, {})
        seen = [
            each
            for each in sorted(stored.values(), key=lambda each: each.id)
            if each.visible_to(actor.id) and (not before or each.id < before)
        ]
        return [self._payload(each, actor) for each in seen[-_MAX_SHOWN:]]

    def search(self, actor: MemberActor, words: str) -> list[Any]:
        """Return the newest messages with these words that somebody may read."""
        wanted = words.casefold().split()
        found: list[Message] = []
        for channel in self._visible(actor):
            for each in self._backend.messages.get(channel.id, {}).values():
                text = each.content.casefold()
                if each.visible_to(actor.id) and all(word in text for word in wanted):
                    found.append(each)
        newest = sorted(found, key=lambda each: -each.id)[:_MAX_FOUND]
        return [self._payload(each, actor) for each in newest]

    def channels(self, actor: MemberActor) -> list[dict[str, Any]]:
        """Return the channels, threads and the DM that somebody sees."""
        return [
            {
                "id": str(each.id),
                "name": each.name or self._backend.bot_user.name,
                "type": int(each.type),
                "topic": each.topic or "",
                "parent": str(each.parent_id) if each.is_thread else None,
                "last": str(each.last_message_id or 0),
                "count": each.message_count,
                "tags": each.available_tags,
            }
            for each in self._visible(actor)
        ]

    def _visible(self, actor: MemberActor) -> list[Channel]:
        dm_id = self._backend.get_dm_channel(actor.id).id
        return [
            each
            for each in self._backend.channels.values()
            if (each.guild_id == self._world.guild.id or each.id == dm_id)
            and channel_accessible(self._backend, each.id, actor.id)
        ]

    def _hello(self, actor: MemberActor) -> dict[str, Any]:
        roles = self._backend.guilds[self._world.guild.id].roles.values()
        return {
            "me": str(actor.id),
            "guild": self._world.guild.name,
            "bot": self._backend.bot_user.name,
            "roles": [{"id": str(each.id), "name": each.name} for each in roles],
            "channels": self.channels(actor),
            "clock": self._time(),
            **self._people(),
        }

    def _people(self) -> dict[str, Any]:
        guild = self._backend.guilds[self._world.guild.id]
        # Simcord gives the server an owner whom nobody plays.
        users = (self._backend.users[each] for each in guild.members if each != guild.owner_id)
        return {
            "people": [
                {
                    "key": name,
                    "name": self._backend.users[each.id].global_name or name,
                    "role": world.DUTIES.get(name, ""),
                }
                for name, each in self._world.members.items()
            ],
            "members": [
                {
                    "id": str(each.id),
                    "name": each.global_name or each.name,
                    "role": world.DUTIES.get(each.name, ""),
                }
                for each in users
            ],
        }

    def _on_event(self, event: str, payload: Mapping[str, Any]) -> None:
        """Tell what happens. It runs inside the bot's call, so it never waits and never fails."""
        channel_id = int(payload.get("channel_id") or 0)
        if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") or event.startswith("MESSAGE_REACTION"):
            self._show(channel_id, int(payload.get("message_id") or payload["id"]))
        elif event in ("MESSAGE_DELETE", "MESSAGE_DELETE_BULK"):
            for message_id in payload.get("ids") or [payload["id"]]:
                self._tell(channel_id, "gone", channel=str(channel_id), id=str(message_id))
        elif event == "TYPING_START":
            user = self._backend.users[int(payload["user_id"])]
            name = user.global_name or user.name
            self._tell(channel_id, "typing", channel=str(channel_id), name=name, id=str(user.id))
        elif event.startswith(("CHANNEL_", "THREAD_")):
            for viewer in self._viewers:
                viewer.tell("channels", channels=self.channels(viewer.actor))

    def _on_interaction(self, interaction: Interaction) -> None:
        """Show to whoever acts what is for them alone: no event of the gateway tells that."""
        channel_id = interaction.channel_id
        here = self._backend.messages.get(channel_id, {})
        shown = self._private.setdefault(interaction.id, set())
        for message_id in (interaction.message_id, *interaction.followup_ids):
            message = here.get(message_id or 0)
            if message is not None and message.is_ephemeral:
                shown.add(message.id)
                self._show(channel_id, message.id)
        for message_id in [each for each in shown if each not in here]:
            shown.discard(message_id)
            self._tell(channel_id, "gone", channel=str(channel_id), id=str(message_id))
        is_open = interaction.modal is not None and not interaction.modal_consumed
        if is_open and interaction.id not in self._forms:
            self._forms[interaction.id] = InteractionResult(self._env, interaction)
            for viewer in self._viewers:
                if viewer.actor.id == interaction.user_id:
                    viewer.tell("form", id=str(interaction.id), form=interaction.modal)

    def _show(self, channel_id: int, message_id: int) -> None:
        message = self._backend.messages.get(channel_id, {}).get(message_id)
        if message is None:
            return
        for viewer in self._viewers:
            actor_id = viewer.actor.id
            if message.visible_to(actor_id) and channel_accessible(
                self._backend, channel_id, actor_id, history=True
            ):
                viewer.tell("message", message=self._payload(message, viewer.actor))

    def _tell(self, channel_id: int, event: str, **what: Any) -> None:
        for viewer in self._viewers:
            if channel_accessible(self._backend, channel_id, viewer.actor.id):
                viewer.tell(event, **what)

    def _payload(self, message: Message, actor: MemberActor) -> dict[str, Any]:
        """Return a message as Discord's client gets it, with local addresses of files."""
        payload: dict[str, Any] = dict(
            serializers.message_payload(self._backend, message, for_user=actor.id)
        )
        payload["avatar"] = message.author_avatar
        payload["mine"] = message.author_id == actor.id
        local = json.dumps(payload).replace(CDN_BASE, "cdn").replace(EMOJI_BASE, "emojis")
        return json.loads(local)
