"""Access: who may do what here, and who pays for it."""

from db.models import (
    AuditEntry,
    Block,
    BlockLevel,
    BlockTarget,
    Bringers,
    ChannelMode,
    ServerPolicy,
)
from services.access.admissions import admit, dismiss
from services.access.audit import AUDIT_DAYS, AuditService, forget_actor, log_action
from services.access.authorization import authorize, permit
from services.access.blocks import BlockService, ListedBlock, Target
from services.access.budgets import (
    BudgetPolicy,
    Budgets,
    BudgetSettings,
    Limits,
    Reservation,
)
from services.access.errors import (
    AccessDenied,
    AnswersOutOfRange,
    BlockNotFound,
    BringingForbidden,
    BudgetLimit,
    BudgetOutOfRange,
    BudgetSpent,
    CannotBlock,
    NotInServer,
    OneTarget,
    Reason,
)
from services.access.notices import is_notice_due
from services.access.servers import MAX_ANSWERS_PER_HOUR, Resident, ServerService
from services.access.types import Caller
from services.access.verdicts import (
    Situation,
    Verdict,
    blocked_accounts,
    came_with_bot,
    is_admitted,
    is_in_scope,
    is_own,
    keeps_memories,
    person_verdict,
    personality_verdict,
    scope_rank,
)

__all__ = [
    "AUDIT_DAYS",
    "MAX_ANSWERS_PER_HOUR",
    "AccessDenied",
    "AnswersOutOfRange",
    "AuditEntry",
    "AuditService",
    "Block",
    "BlockLevel",
    "BlockNotFound",
    "BlockService",
    "BlockTarget",
    "Bringers",
    "BringingForbidden",
    "BudgetLimit",
    "BudgetOutOfRange",
    "BudgetPolicy",
    "BudgetSettings",
    "BudgetSpent",
    "Budgets",
    "Caller",
    "CannotBlock",
    "ChannelMode",
    "Limits",
    "ListedBlock",
    "NotInServer",
    "OneTarget",
    "Reason",
    "Reservation",
    "Resident",
    "ServerPolicy",
    "ServerService",
    "Situation",
    "Target",
    "Verdict",
    "admit",
    "authorize",
    "blocked_accounts",
    "came_with_bot",
    "dismiss",
    "forget_actor",
    "is_admitted",
    "is_in_scope",
    "is_notice_due",
    "is_own",
    "keeps_memories",
    "log_action",
    "permit",
    "person_verdict",
    "personality_verdict",
    "scope_rank",
]
