"""System prompts: instructions before every personality, managed by the bot owner."""

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
    """Manages system prompts. Owners of personalities select one of them."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def all(self) -> Sequence[SystemPrompt]:
        """Return all system prompts, sorted by name."""
        async with self._sessions() as session:
            result = await session.scalars(
                select(SystemPrompt).order_by(func.lower(SystemPrompt.name))
            )
            return result.all()

    async def get(self, name: str) -> SystemPrompt:
        """Return a system prompt by name.

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
        """Create a system prompt.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
            PromptNameTaken: One of that name already exists.
            TextEmpty, TextTooLong: A text is not valid.
        """
        _check_bot_owner(actor)
        values = _validate(name, content)
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
        """Edit a system prompt.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
            PromptNameTaken: Another one of that name exists.
            PromptNotFound: It was deleted.
            TextEmpty, TextTooLong: A text is not valid.
        """
        _check_bot_owner(actor)
        values = _validate(name, content)
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
        """Make a prompt the default of personalities without one of their own.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
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
        """Delete a system prompt; personalities that use it fall back to the default.

        Raises:
            BotOwnerOnly: The actor is not the bot owner.
            DefaultPromptInUse: It is the default.
            PromptNotFound: It was deleted already.
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


def _validate(name: str, content: str) -> dict[str, str]:
    text = clean_text(content, field="prompt")
    if not text:
        raise TextEmpty("prompt")
    return {"name": clean_name(name), "content": text}
