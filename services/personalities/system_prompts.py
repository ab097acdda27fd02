"""The instructions that come before every personality. They are the bot owner's."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from db.models import SystemPrompt
from db.session import Sessions
from services.errors import BotOwnerOnly, TextEmpty
from services.personalities.errors import DefaultPromptInUse, PromptNameTaken, PromptNotFound
from services.texts import clean_name, clean_text
from services.types import Actor


class SystemPromptService:
    """What the bot's owner does with system prompts; owners of personalities choose among them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def all(self) -> Sequence[SystemPrompt]:
        """Return every system prompt, by name."""
        async with self._sessions() as session:
            found = await session.scalars(
                select(SystemPrompt).order_by(func.lower(SystemPrompt.name))
            )
            return found.all()

    async def get(self, name: str) -> SystemPrompt:
        """Return a system prompt.

        Raises:
            PromptNotFound: There is none of that name.
        """
        async with self._sessions() as session:
            prompt = await session.scalar(
                select(SystemPrompt).where(func.lower(SystemPrompt.name) == name.strip().lower())
            )
        if prompt is None:
            raise PromptNotFound(name)
        return prompt

    async def create(self, actor: Actor, name: str, content: str) -> SystemPrompt:
        """Write a system prompt.

        Raises:
            BotOwnerOnly: The actor does not run the bot.
            PromptNameTaken: There is one of that name.
            TextEmpty, TextTooLong: A text is not as it may be.
        """
        _check_bot_owner(actor)
        values = _checked(name, content)
        async with self._sessions.begin() as session:
            prompt = await session.scalar(
                insert(SystemPrompt)
                .values(**values)
                .on_conflict_do_nothing()
                .returning(SystemPrompt)
            )
        if prompt is None:
            raise PromptNameTaken(name)
        return prompt

    async def edit(self, actor: Actor, prompt_id: UUID, name: str, content: str) -> SystemPrompt:
        """Change a system prompt.

        Raises:
            BotOwnerOnly: The actor does not run the bot.
            PromptNameTaken: There is another one of that name.
            PromptNotFound: It is gone.
            TextEmpty, TextTooLong: A text is not as it may be.
        """
        _check_bot_owner(actor)
        values = _checked(name, content)
        try:
            async with self._sessions.begin() as session:
                prompt = await session.get(SystemPrompt, prompt_id)
                if prompt is None:
                    raise PromptNotFound(name)
                prompt.name, prompt.content = values["name"], values["content"]
                return prompt
        except IntegrityError as error:
            raise PromptNameTaken(name) from error

    async def make_default(self, actor: Actor, prompt: SystemPrompt) -> None:
        """Put a prompt before every personality that has no other.

        Raises:
            BotOwnerOnly: The actor does not run the bot.
        """
        _check_bot_owner(actor)
        async with self._sessions.begin() as session:
            await session.execute(
                update(SystemPrompt).where(SystemPrompt.is_default).values(is_default=False)
            )
            await session.execute(
                update(SystemPrompt).where(SystemPrompt.id == prompt.id).values(is_default=True)
            )

    async def delete(self, actor: Actor, prompt: SystemPrompt) -> None:
        """Delete a system prompt; personalities that had it get the default.

        Raises:
            BotOwnerOnly: The actor does not run the bot.
            DefaultPromptInUse: It is the default.
            PromptNotFound: It is gone already.
        """
        _check_bot_owner(actor)
        async with self._sessions.begin() as session:
            current = await session.get(SystemPrompt, prompt.id, with_for_update=True)
            if current is None:
                raise PromptNotFound(prompt.name)
            if current.is_default:
                raise DefaultPromptInUse(current.name)
            await session.delete(current)


def _check_bot_owner(actor: Actor) -> None:
    if not actor.is_bot_owner:
        raise BotOwnerOnly


def _checked(name: str, content: str) -> dict[str, str]:
    text = clean_text(content, field="prompt")
    if not text:
        raise TextEmpty("prompt")
    return {"name": clean_name(name), "content": text}
