"""Conversations: hearing, thinking, speaking, keeping."""

from services.chat.answers import AnswerService, Why
from services.chat.channels import ChannelService
from services.chat.composing import Composer
from services.chat.crisis import is_crisis
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
from services.chat.queries import Resolution, append
from services.chat.service import ChatService
from services.chat.signs import Signs, read_signs
from services.chat.speech import flaw, tidy, unbroken
from services.chat.splitting import split
from services.chat.summons import signs_of, summoned_by
from services.chat.turns import text_of, without
from services.chat.types import Attachment, Heard, Speaker, speaker_of

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
    "Signs",
    "Speaker",
    "Stage",
    "Why",
    "append",
    "flaw",
    "is_crisis",
    "read_signs",
    "signs_of",
    "speaker_of",
    "split",
    "summoned_by",
    "text_of",
    "tidy",
    "unbroken",
    "without",
]
