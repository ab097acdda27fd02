"""Conversations: addressing, reply generation, delivery and persistence."""

from db.models import Callers, ChannelSettings
from services.chat.addressing import (
    MessageContext,
    addressees,
    load_context,
    message_context,
    redact,
    stored_text,
)
from services.chat.answers import MAX_HINT, AnswerRights, AnswerService, Provenance
from services.chat.catch_up_queries import mark_forgotten
from services.chat.channels import ChannelService
from services.chat.crisis import is_crisis
from services.chat.errors import (
    AgeRestricted,
    AnswerBeingChanged,
    AnswerFinished,
    AnswerInterrupted,
    AnswerNotFound,
    AnswerStopped,
    AuthorNotStored,
    ChannelNotFound,
    CrisisHeard,
    DiscordBusy,
    DiscordUnavailable,
    MessageRefused,
    MissingPermission,
    NoPersonalityHere,
    NotActivated,
    NothingToUndo,
    NotYourAnswer,
    NoUsableReply,
    Refusal,
    TooManyTakes,
)
from services.chat.greeting_service import GreetingService
from services.chat.history import Cleared, HistoryService
from services.chat.listening import Listening
from services.chat.ordering import AnswerSlots
from services.chat.persistence import ConversationWriter
from services.chat.pins import PinsTool
from services.chat.ports import ChatAdapter, Draft, Page
from services.chat.postprocess import clean, find_defect, trim_incomplete
from services.chat.preferences import Preference, Preferences, PreferenceService
from services.chat.queries import append
from services.chat.recent_messages import OverheardMessage
from services.chat.remembering import MessageMemory, PointedMessage
from services.chat.renames import NameTaken
from services.chat.reply_generation import ReplyGenerator
from services.chat.resolution import Resolution
from services.chat.service import ChatService
from services.chat.sitting_notes import SittingHandler
from services.chat.small_model import tidy
from services.chat.splitting import split
from services.chat.sweeping import SweepHandler
from services.chat.turns import BEGIN, CHIME_IN, GO_ON, TurnChooser
from services.chat.user_install import UserInstallAnswer, UserInstallAnswers

__all__ = [
    "BEGIN",
    "CHIME_IN",
    "GO_ON",
    "MAX_HINT",
    "AgeRestricted",
    "AnswerBeingChanged",
    "AnswerFinished",
    "AnswerInterrupted",
    "AnswerNotFound",
    "AnswerRights",
    "AnswerService",
    "AnswerSlots",
    "AnswerStopped",
    "AuthorNotStored",
    "Callers",
    "ChannelNotFound",
    "ChannelService",
    "ChannelSettings",
    "ChatAdapter",
    "ChatService",
    "Cleared",
    "ConversationWriter",
    "CrisisHeard",
    "DiscordBusy",
    "DiscordUnavailable",
    "Draft",
    "GreetingService",
    "HistoryService",
    "Listening",
    "MessageContext",
    "MessageMemory",
    "MessageRefused",
    "MissingPermission",
    "NameTaken",
    "NoPersonalityHere",
    "NoUsableReply",
    "NotActivated",
    "NotYourAnswer",
    "NothingToUndo",
    "OverheardMessage",
    "Page",
    "PinsTool",
    "PointedMessage",
    "Preference",
    "PreferenceService",
    "Preferences",
    "Provenance",
    "Refusal",
    "ReplyGenerator",
    "Resolution",
    "SittingHandler",
    "SweepHandler",
    "TooManyTakes",
    "TurnChooser",
    "UserInstallAnswer",
    "UserInstallAnswers",
    "addressees",
    "append",
    "clean",
    "find_defect",
    "is_crisis",
    "load_context",
    "mark_forgotten",
    "message_context",
    "redact",
    "split",
    "stored_text",
    "tidy",
    "trim_incomplete",
]
