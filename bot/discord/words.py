"""What each error of ours says to a person. `bot.discord.errors` is the way in."""

import discord

from bot.discord.board_words import about_boards
from bot.discord.character_words import about_characters
from bot.discord.media_words import about_media
from bot.discord.photo_words import about_photos
from bot.discord.social_words import about_posts
from services.chat import (
    AgeRestricted,
    AnswerNotFound,
    ChannelNotFound,
    MissingPermission,
    NoPersonalityHere,
    NotActivated,
    NotYourAnswer,
    NoUsableReply,
    OptedOut,
)
from services.errors import (
    BotOwnerOnly,
    DomainError,
    ModeratorsOnly,
    OwnersOnly,
    TextEmpty,
    TextTooLong,
)
from services.jobs import JobHasEnded, JobNotFailed, JobNotFound, PoisonJob
from services.legacy import LegacyShapeUnknown, LegacyUnreachable
from services.llm import (
    ContextTooLong,
    MalformedAnswer,
    ModelMisconfigured,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from services.llm_configs import (
    ConfigNameTaken,
    ConfigNotFound,
    DefaultConfigInUse,
    NoConfig,
    OutOfRange,
    UnknownParameter,
)
from services.memory import MemoryLocked, MemoryNotFound
from services.people import LastPersona, PersonaNameTaken, PersonaNotFound
from services.personalities import (
    BadAddress,
    CardTooLarge,
    DefaultPromptInUse,
    LastOwner,
    NameImpersonates,
    NoCardImage,
    NotACard,
    PersonalityNameTaken,
    PersonalityNotFound,
    PromptNameTaken,
    PromptNotFound,
    StillPublic,
)
from services.publishing import (
    AlreadyPublic,
    AlreadyPublishing,
    MinorNotSafe,
    NothingToRead,
    NotPublic,
    PromptInjection,
)


def words(error: DomainError) -> str | None:
    """Return what a domain error says; every one says something."""
    return (
        _about_everything(error)
        or _about_personalities(error)
        or _about_people(error)
        or _about_models(error)
        or _about_chat(error)
        or _about_publishing(error)
        or about_boards(error)
        or about_media(error)
        or about_characters(error)
        or about_photos(error)
        or about_posts(error)
        or _about_jobs(error)
        or _about_moving(error)
    )


def _about_everything(error: DomainError) -> str | None:
    match error:
        case TextEmpty(field=field):
            return f"The {field} is empty, or nothing in it can be seen."
        case TextTooLong(field=field, limit=limit):
            return f"The {field} is too long: {limit:,} characters are the limit."
        case OwnersOnly(name=name):
            return f"Only the owners of **{_safe(name)}** can do that."
        case BotOwnerOnly():
            return "Only whoever runs this bot can do that."
        case ModeratorsOnly(permission=permission):
            return f"Only members with **{permission}** in this channel can do that."
        case _:
            return None


def _about_personalities(error: DomainError) -> str | None:
    match error:
        case PersonalityNotFound(name=name):
            return f"I know no personality called **{_safe(name)}** that you can talk to here."
        case PersonalityNameTaken(name=name):
            return f"Another personality already answers to **{_safe(name)}**."
        case NameImpersonates(name=name):
            return (
                f"**{_safe(name)}** could be taken for Discord, for staff or for a member of this "
                "server. Choose another name."
            )
        case StillPublic(name=name):
            return (
                f"What is published of **{_safe(name)}** stays as it is until "
                "`/publish unpublish`. Only `/publish start` makes a personality public."
            )
        case LastOwner(name=name):
            return f"**{_safe(name)}** needs an owner: add another one first."
        case BadAddress(field=field):
            return f"The {field} must be an https:// address."
        case NotACard(reason=reason):
            return f"That is no character card I can read: {_safe(reason)}."
        case CardTooLarge(limit_mb=limit):
            return f"That file is too large for a character card: {limit} MB are the limit."
        case NoCardImage(name=name):
            return (
                f"**{_safe(name)}** was not imported from a picture, so there is none to write the "
                "card into. Export it as JSON."
            )
        case PromptNotFound(name=name):
            return f"There is no system prompt called **{_safe(name)}**."
        case PromptNameTaken(name=name):
            return f"There is already a system prompt called **{_safe(name)}**."
        case DefaultPromptInUse(name=name):
            return f"**{_safe(name)}** is the default. Make another prompt the default first."
        case _:
            return None


def _about_people(error: DomainError) -> str | None:
    match error:
        case PersonaNotFound(name=name):
            return f"You have no persona called **{_safe(name)}**."
        case PersonaNameTaken(name=name):
            return f"You already have a persona called **{_safe(name)}**."
        case LastPersona(name=name):
            return f"**{_safe(name)}** is your only persona. Create another one first."
        case MemoryNotFound():
            return "There is no such memory of you."
        case MemoryLocked():
            return "That memory is locked. Unlock it first with `/memory lock`."
        case _:
            return None


def _about_models(error: DomainError) -> str | None:
    match error:
        case ModelUnavailable(model=model):
            return f"The model {_code(model)} is not answering. Try again in a moment."
        case ModelRateLimited(model=model, retry_after=seconds):
            wait = f"in {round(seconds)} seconds" if seconds else "in a minute"
            return f"The model {_code(model)} is overrun. Try again {wait}."
        case ModelRefused(model=model):
            return f"The model {_code(model)} declined to answer that."
        case ModelMisconfigured(model=model, detail=detail):
            return f"The model {_code(model)} is not set up rightly: {_safe(detail)}"
        case ContextTooLong(model=model):
            return f"That is more than the model {_code(model)} can read."
        case MalformedAnswer(model=model):
            return f"The model {_code(model)} gave an answer that makes no sense. Try again."
        case ConfigNotFound(name=name):
            return f"There is no config called **{_safe(name)}** that you can use for this."
        case ConfigNameTaken(name=name):
            return f"There is already a config called **{_safe(name)}**."
        case OutOfRange(parameter=parameter, low=low, high=high):
            return f"`{parameter}` must be a number between {low:g} and {high:g}."
        case UnknownParameter(parameter=parameter, known=known):
            return f"There is no parameter {_code(parameter)}. There are: {known}."
        case DefaultConfigInUse(name=name):
            return f"**{_safe(name)}** is the global default. Make another one that first."
        case NoConfig():
            return "No language model is chosen. Whoever runs me can do so with `/config global`."
        case _:
            return None


def _about_chat(error: DomainError) -> str | None:
    match error:
        case NoUsableReply(name=name):
            return f"**{_safe(name)}** found no words. Say it differently, or try again."
        case AgeRestricted(name=name):
            return f"**{_safe(name)}** speaks only in age-restricted channels."
        case ChannelNotFound():
            return "That channel is gone."
        case MissingPermission(permission=permission):
            return f"I need the permission **{permission}** in this channel."
        case AnswerNotFound():
            return "That is not an answer of a personality, or it is no longer kept."
        case NotYourAnswer():
            return "Only whom it answers, and moderators, can do that with an answer."
        case NotActivated(name=name):
            return f"**{_safe(name)}** is not activated in this channel."
        case OptedOut():
            return "You have opted out, so nobody here hears you. `/privacy optout` ends that."
        case NoPersonalityHere():
            return (
                "Nobody is here to answer yet. Call a personality by name, like `@Mirela hello`, "
                "or choose one for your DMs with `/chat with`. `/help` tells more."
            )
        case _:
            return None


def _about_publishing(error: DomainError) -> str | None:
    match error:
        case AlreadyPublic(name=name, version=version):
            return (
                f"**{_safe(name)}** is public already, in version {version}. `/publish unpublish` "
                "takes it back; then you can publish the present version."
            )
        case AlreadyPublishing(name=name):
            return f"**{_safe(name)}** is being published. `/publish status` shows how far it is."
        case NotPublic(name=name):
            return f"**{_safe(name)}** is not public, or not to be seen in this channel."
        case NothingToRead(name=name):
            return f"There is nothing to judge **{_safe(name)}** by. Describe them first."
        case MinorNotSafe(name=name, rating=rating, phrase=phrase):
            return (
                f"**{_safe(name)}** was rated {rating}, and somebody in it is under 18: "
                f"{_code(phrase)}. Nothing of that kind is published here."
            )
        case PromptInjection(name=name, phrase=phrase):
            return (
                f"The definition of **{_safe(name)}** tells its judge what to say: "
                f"{_code(phrase)}. Take that out."
            )
        case _:
            return None


def _about_jobs(error: DomainError) -> str | None:
    match error:
        case PoisonJob():
            return "The whole program went down each time this was tried, so it is given up."
        case JobNotFound(job=job):
            return f"There is no job {_code(job)}."
        case JobHasEnded(status=status):
            return f"That job is {status} already."
        case JobNotFailed(status=status):
            return f"That job is {status}; only failed and cancelled ones can be tried again."
        case _:
            return None


def _about_moving(error: DomainError) -> str | None:
    match error:
        case LegacyShapeUnknown(missing=missing):
            return f"That database is not of the old shape. It lacks: {', '.join(missing)}."
        case LegacyUnreachable(address=address, reason=reason):
            return f"The database {address} cannot be opened: {reason}"
        case _:
            return None


def _safe(text: str) -> str:
    """Return text of people so that Markdown in it does nothing."""
    return discord.utils.escape_markdown(text[:200])


def _code(text: str) -> str:
    """Return text of people as code, where Markdown does nothing, not even a backslash."""
    return f"`{text[:200].replace('`', 'ˋ')}`"
