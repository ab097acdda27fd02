"""Conversations: hearing, thinking, speaking, keeping."""

from services.chat.answers import AnswerService, Why
from services.chat.channels import ChannelService
from services.chat.composing import Composer
from services.chat.errors import (
    AgeRestricted,
    AnswerGone,
    MayNotSpeak,
    NobodyHere,
    NotActivated,
    NothingToSay,
    NotYourAnswer,
    OptedOut,
    PlaceGone,
)
from services.chat.keeping import Keeper
from services.chat.ports import Stage
from services.chat.queries import Resolution
from services.chat.service import ChatService
from services.chat.splitting import split
from services.chat.types import Attachment, Heard, Speaker

__all__ = [
    "AgeRestricted",
    "AnswerGone",
    "AnswerService",
    "Attachment",
    "ChannelService",
    "ChatService",
    "Composer",
    "Heard",
    "Keeper",
    "MayNotSpeak",
    "NobodyHere",
    "NotActivated",
    "NotYourAnswer",
    "NothingToSay",
    "OptedOut",
    "PlaceGone",
    "Resolution",
    "Speaker",
    "Stage",
    "Why",
    "split",
]
