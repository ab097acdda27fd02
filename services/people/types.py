"""Who does something."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A person who does something, with what Discord says they may do where they do it.

    `moderates` is Manage Messages in the channel. Services check; Discord's UI only hides.
    """

    discord_id: int
    name: str
    is_bot_owner: bool = False
    moderates: bool = False
