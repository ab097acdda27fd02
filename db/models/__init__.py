"""One module per table, or per group of closely related tables."""

from db.models.access import (
    Admission,
    AuditEntry,
    Block,
    BlockLevel,
    BlockTarget,
    Bringers,
    ChannelMode,
    SentNotice,
    ServerPolicy,
    SpokenAnswers,
    VoiceMessages,
)
from db.models.activated_channel import ActivatedChannel
from db.models.api_key import ApiKey, KeyCheck
from db.models.board import Board, BoardKind, BoardMember, Comment, Media, Post, Vote
from db.models.budget import Budget, BudgetScope, Spending
from db.models.channel_settings import Callers, ChannelSettings
from db.models.character import (
    ArtifactStatus,
    AssetKind,
    Character,
    CharacterImage,
    CharacterProfile,
    CharacterStatus,
    GeneratedAsset,
    PromptArtifact,
)
from db.models.conversation import AnswerRating, AnswerTake, ConversationLine, Role
from db.models.engine import (
    ActionType,
    ActType,
    EngineAct,
    EngineState,
    EngineTask,
    TaskStatus,
    VendorMinute,
)
from db.models.face import MAIN_FACE, Face
from db.models.fact import Fact, SittingSummary
from db.models.job import Job, JobStatus, JobStep
from db.models.llm_call import CallOutcome, LlmCall
from db.models.llm_config import REASONING_EFFORTS, LlmConfig, PersonalityDefaultConfig
from db.models.lore import Lorebook, LoreEntry, LoreScope, LoreTimer
from db.models.memory import TERM_COUNT, Memory, Venue
from db.models.model_rule import ModelRule
from db.models.open_answer import OpenAnswer
from db.models.optout import ForgottenPerson, OptOut
from db.models.persona import Persona, UserDefaultPersona
from db.models.personality import (
    AgeBucket,
    Gender,
    NoteRole,
    NsfwRating,
    Personality,
    PersonalityAlias,
    PersonalityCard,
    PersonalityOwner,
    PersonalityVersion,
    Visibility,
)
from db.models.photo import HASH_BITS, PHOTO_DIMENSIONS, Photo
from db.models.picture_description import PictureDescription
from db.models.publishing import AttemptStatus, PersonalityLike, PublishAttempt
from db.models.retention import Retention, UsageDay
from db.models.social import (
    PostStatus,
    RateWindow,
    SocialPost,
    SocialSlot,
    SocialTarget,
    TargetKind,
)
from db.models.synced_commands import SyncedCommands
from db.models.system_prompt import SystemPrompt
from db.models.tag import PersonalityTag, Tag
from db.models.user import User
from db.models.user_personality_config import UserPersonalityConfig

__all__ = [
    "HASH_BITS",
    "MAIN_FACE",
    "PHOTO_DIMENSIONS",
    "REASONING_EFFORTS",
    "TERM_COUNT",
    "ActType",
    "ActionType",
    "ActivatedChannel",
    "Admission",
    "AgeBucket",
    "AnswerRating",
    "AnswerTake",
    "ApiKey",
    "ArtifactStatus",
    "AssetKind",
    "AttemptStatus",
    "AuditEntry",
    "Block",
    "BlockLevel",
    "BlockTarget",
    "Board",
    "BoardKind",
    "BoardMember",
    "Bringers",
    "Budget",
    "BudgetScope",
    "CallOutcome",
    "Callers",
    "ChannelMode",
    "ChannelSettings",
    "Character",
    "CharacterImage",
    "CharacterProfile",
    "CharacterStatus",
    "Comment",
    "ConversationLine",
    "EngineAct",
    "EngineState",
    "EngineTask",
    "Face",
    "Fact",
    "ForgottenPerson",
    "Gender",
    "GeneratedAsset",
    "Job",
    "JobStatus",
    "JobStep",
    "KeyCheck",
    "LlmCall",
    "LlmConfig",
    "LoreEntry",
    "LoreScope",
    "LoreTimer",
    "Lorebook",
    "Media",
    "Memory",
    "ModelRule",
    "NoteRole",
    "NsfwRating",
    "OpenAnswer",
    "OptOut",
    "Persona",
    "Personality",
    "PersonalityAlias",
    "PersonalityCard",
    "PersonalityDefaultConfig",
    "PersonalityLike",
    "PersonalityOwner",
    "PersonalityTag",
    "PersonalityVersion",
    "Photo",
    "PictureDescription",
    "Post",
    "PostStatus",
    "PromptArtifact",
    "PublishAttempt",
    "RateWindow",
    "Retention",
    "Role",
    "SentNotice",
    "ServerPolicy",
    "SittingSummary",
    "SocialPost",
    "SocialSlot",
    "SocialTarget",
    "Spending",
    "SpokenAnswers",
    "SyncedCommands",
    "SystemPrompt",
    "Tag",
    "TargetKind",
    "TaskStatus",
    "UsageDay",
    "User",
    "UserDefaultPersona",
    "UserPersonalityConfig",
    "VendorMinute",
    "Venue",
    "Visibility",
    "VoiceMessages",
    "Vote",
]
