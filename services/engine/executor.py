"""Execution of an act, step by step, with each step stored.

`ActHandler` handles the job, `ActExecutor` runs the steps of any act, `DatabaseActStore` keeps
their state in PostgreSQL. The simulation runs the same steps on a store in memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import ActType, EngineTask, JobStatus, TaskStatus
from db.session import Sessions
from services import rate_limits
from services.access import AccessDenied, BudgetSpent, OwnKeyGone, OwnKeyRefused
from services.chat import ChannelNotFound, MessageRefused, MissingPermission
from services.engine import act_queries, policy, queries, results
from services.engine.act_queries import ActRecords
from services.engine.actions import ACTIONS, Action, SpeakingAction, build_actions
from services.engine.errors import EnginePaused, Skipped, SkipReason, TaskGone
from services.engine.lore import search_lore
from services.engine.planner import Planner
from services.engine.ports import ActStore, BoardAdapter
from services.engine.results import record_view, show_votes
from services.engine.scheduler import ActJob, EngineTiming, plan_reactions
from services.engine.types import ActContent, ActContext, Limits, SentMessages
from services.engine.writing import Writer, max_tokens
from services.errors import DomainError
from services.faces import main_face_key
from services.images import ImagePipeline
from services.jobs import Handler, Run
from services.llm import LanguageModels, Usage
from services.llm_configs import NoConfig, restrict
from services.lore import LoreLibrary
from services.personalities import ImageSettings, SharedPhotos, describe_speech, no_shared_photos
from services.types import speaker_of

T = TypeVar("T")

_STATUSES = {
    JobStatus.PENDING: TaskStatus.PENDING,
    JobStatus.FAILED: TaskStatus.FAILED,
    JobStatus.CANCELLED: TaskStatus.SKIPPED,
}

# Why an act is skipped after an error that another try would meet again.
_SKIPPED: Mapping[type[DomainError], SkipReason] = {
    AccessDenied: SkipReason.FORBIDDEN,
    OwnKeyGone: SkipReason.FORBIDDEN,
    OwnKeyRefused: SkipReason.FORBIDDEN,
    BudgetSpent: SkipReason.BUDGET,
    ChannelNotFound: SkipReason.GONE,
    MessageRefused: SkipReason.REFUSED,
    MissingPermission: SkipReason.SILENCED,
}


class ActExecutor:
    """Executes one act: check the policy, generate, send, record, and plan reactions."""

    def __init__(self, actions: Mapping[ActType, Action]) -> None:
        self._actions = actions

    async def execute(self, store: ActStore) -> None:
        """Execute an act to its end.

        Raises:
            ModelError: The model did not answer; a retry may help.
        """
        try:
            context = await store.begin()
            action = self._actions[context.kind]
            speaking_action = action if isinstance(action, SpeakingAction) else None
            if speaking_action and not await self._is_ready(store, speaking_action, context):
                return
            content = await store.step("words", ActContent, lambda: action.write(store, context))
            sent = (
                await self._send_once(store, speaking_action, context, content)
                if speaking_action
                else None
            )
            await store.record(context, content, sent)
        except EnginePaused:
            await store.postpone()
        except Skipped as skipped:
            await store.skip(skipped)
        except tuple(_SKIPPED) as error:
            await store.skip(Skipped(_SKIPPED[type(error)]))

    async def _is_ready(self, store: ActStore, action: SpeakingAction, context: ActContext) -> bool:
        """Check the channel before a model is paid for a text."""
        try:
            await action.check(context)
        except ChannelNotFound:
            await store.close_board("the channel is gone")
            return False
        return True

    async def _send_once(
        self, store: ActStore, action: SpeakingAction, context: ActContext, content: ActContent
    ) -> SentMessages:
        """Send the content exactly once, also after an earlier attempt was interrupted."""

        async def send() -> SentMessages:
            if await store.mark_sending():
                existing = await action.find(context, content)
                if existing is not None:
                    return existing
                await store.recheck()
            return await action.send(context, content)

        return await store.step("spoken", SentMessages, send)


@dataclass(frozen=True, kw_only=True)
class EngineDependencies:
    """The dependencies of all acts."""

    sessions: Sessions
    models: LanguageModels
    adapter: BoardAdapter
    pipeline: ImagePipeline
    planner: Planner
    limits: Limits
    timing: EngineTiming
    shared_photos: SharedPhotos = no_shared_photos
    lore: LoreLibrary = field(default_factory=LoreLibrary)


class DatabaseActStore(ActStore):
    """The state of one run of a task in PostgreSQL; all writes are fenced by the run."""

    def __init__(self, dependencies: EngineDependencies, run: Run[ActJob]) -> None:
        self._dependencies = dependencies
        self._run = run
        self._task_id = run.payload.task

    @override
    async def begin(self) -> ActContext:
        async with self._run.transaction() as session:
            records = await self._records(session)
            # If it may have been sent already, that is checked first.
            if not records.task.is_sending:
                await self._check(session, records)
            records.task.status = TaskStatus.RUNNING
            records.task.started_at = (
                records.task.started_at or self._dependencies.timing.clock.now()
            )
            records.task.retry_count = self._run.attempt - 1
            # Reserve the maximum cost until the actual cost is known.
            records.task.cost_usd = max(self._max_cost(records), records.task.cost_usd or 0)
            await record_view(session, records, self._dependencies.timing.clock.now())
        async with self._dependencies.sessions() as session:
            return await self._context(session, await self._records(session))

    @override
    async def acquire_request_slot(self, context: ActContext) -> None:
        vendor = context.model.partition("/")[0]
        while True:
            now = self._dependencies.timing.clock.now()
            minute = now.replace(second=0, microsecond=0)
            async with self._dependencies.sessions.begin() as session:
                limit = self._dependencies.limits.requests_per_minute
                if await rate_limits.take_slot(session, vendor, minute, limit):
                    return
            remaining = minute + timedelta(minutes=1) - now
            await asyncio.sleep(
                self._dependencies.timing.clock.real_duration(remaining).total_seconds() + 0.01
            )

    @override
    async def step(self, name: str, shape: type[T], function: Callable[[], Awaitable[T]]) -> T:
        return await self._run.step(name, shape, function)

    @override
    async def step_output(self, name: str, shape: type[T]) -> T | None:
        return await self._run.step_output(name, shape)

    @override
    async def forget_step(self, name: str) -> None:
        await self._run.forget_step(name)

    @override
    async def mark_sending(self) -> bool:
        async with self._run.transaction() as session:
            records = await self._records(session)
            if records.task.is_sending:
                return True
            await self._check(session, records)
            records.task.is_sending = True
            return False

    @override
    async def recheck(self) -> None:
        async with self._run.transaction() as session:
            await self._check(session, await self._records(session))

    @override
    async def record(
        self, context: ActContext, content: ActContent, sent: SentMessages | None
    ) -> None:
        clock = self._dependencies.timing.clock
        async with self._run.final_transaction() as session:
            records = await self._records(session)
            task, now = records.task, clock.now()
            item = await results.save_result(session, records, context, content, sent, now=now)
            task.status, task.completed_at, task.is_sending = TaskStatus.DONE, now, False
            task.discord_message_ids = sent.message_ids if sent else []
            task.prompt_tokens, task.completion_tokens = content.tokens_in, content.tokens_out
            task.cost_usd = content.cost_usd
            if item is not None:
                target = records.target
                target_item = results.to_item(records.board.id, target) if target else None
                await plan_reactions(
                    session,
                    self._dependencies.planner,
                    item,
                    target_item,
                    self._dependencies.timing,
                )
        is_post_vote = not ACTIONS[context.kind].speaks() and records.task.comment_id is None
        if is_post_vote and records.post is not None:
            await show_votes(self._dependencies.adapter, context.location, records.post)

    @override
    async def skip(self, skipped: Skipped) -> None:
        async with self._run.final_transaction() as session:
            task = (await self._records(session)).task
            task.status, task.reason = TaskStatus.SKIPPED, skipped.reason
            task.completed_at, task.is_sending = self._dependencies.timing.clock.now(), False
            task.prompt_tokens, task.completion_tokens = skipped.tokens_in, skipped.tokens_out
            # The cost of earlier steps is not known here; in that case the reserved cost remains.
            if task.started_at is None or skipped.tokens_in:
                task.cost_usd = skipped.cost_usd

    @override
    async def close_board(self, reason: str) -> None:
        async with self._run.final_transaction() as session:
            records = await self._records(session)
            records.board.closed_at, records.board.closed_why = (
                self._dependencies.timing.clock.now(),
                reason,
            )
            records.task.status, records.task.reason = TaskStatus.SKIPPED, SkipReason.CLOSED
            records.task.completed_at, records.task.cost_usd = records.board.closed_at, None

    @override
    async def postpone(self) -> None:
        async with self._run.final_transaction() as session:
            task = (await self._records(session)).task
            task.status, task.job_id = TaskStatus.PENDING, None

    async def _records(self, session: AsyncSession) -> ActRecords:
        records = await act_queries.load_records(session, self._task_id)
        if records is None:
            raise TaskGone
        models = self._dependencies.models
        usable = await restrict(session, records.config, models, records.payers)
        return replace(records, config=usable.config, keyed=usable.keyed)

    async def _check(self, session: AsyncSession, records: ActRecords) -> None:
        """Raise if the engine is paused or the policy refuses the act."""
        if await queries.is_paused(session):
            raise EnginePaused
        now = self._dependencies.timing.clock.now()
        is_quiet = self._dependencies.planner.is_quiet(queries.to_open_board(records.board), now)
        state = await act_queries.load_policy_input(
            session, records, now, is_quiet=is_quiet, needs_usd=self._max_cost(records)
        )
        policy.check(state, self._dependencies.limits)
        await act_queries.authorize_act(session, records)

    def _max_cost(self, records: ActRecords) -> float:
        """Return the maximum cost of the act in US dollars."""
        is_generated = (
            ACTIONS[ActType(records.task.task_type)].speaks() or records.board.model_votes
        )
        if records.config is None or not is_generated:
            return 0
        tokens_in, tokens_out = max_tokens()
        usage = Usage(tokens_in=tokens_in, tokens_out=tokens_out)
        models = self._dependencies.models
        highest = max(
            models.ledger.cost_at_most(models.resolve(model, records.payers), usage)
            for model in (records.config.model, records.config.fallback_model)
            if model
        )
        if ACTIONS[ActType(records.task.task_type)].needs_pictures:
            # The description, the image, and the caption.
            return 2 * highest + self._dependencies.pipeline.images.price_usd
        return highest

    async def _context(self, session: AsyncSession, records: ActRecords) -> ActContext:
        if records.personality is None:
            raise Skipped(SkipReason.ABSENT)
        if records.config is None:
            raise NoConfig
        task, board, post = records.task, records.board, records.post
        own_texts = await act_queries.texts_by(session, task.personality_id)
        names = await act_queries.names_on(session, board.id)
        own_names = {records.personality.name, records.personality.display_name or ""}
        post_message = act_queries.to_message(post) if post else None
        target = records.target
        personality = await act_queries.definition_of(session, records.personality)
        now = self._dependencies.timing.clock.now()
        images = ImageSettings.read(records.personality.image_settings)
        context = ActContext(
            task_id=task.id,
            kind=ActType(task.task_type),
            personality_id=task.personality_id,
            name=personality.name,
            speaker=speaker_of(personality),
            definition=describe_speech(personality, now=now),
            seed=str(task.personality_id),
            model=self._dependencies.models.resolve(records.config.model, records.payers),
            fallback=records.config.fallback_model,
            keyed=records.keyed,
            caller=await act_queries.authorize_act(session, records),
            location=act_queries.location_of(board, post),
            topic=board.topic,
            tone=board.tone,
            age_restricted=board.age_restricted,
            model_votes=board.model_votes,
            post=post_message,
            thread=tuple(await act_queries.thread_messages(session, post.id)) if post else (),
            target=act_queries.to_message(target) if target else None,
            own=tuple(text for _, text in own_texts),
            own_here=tuple(text for board_id, text in own_texts if board_id == board.id),
            board_lines=tuple(await act_queries.texts_on(session, board.id)),
            shared=tuple(
                f"{each.alt_text} {each.caption}".strip() or "a photo"
                for each in await self._dependencies.shared_photos(
                    session,
                    task.personality_id,
                    guild_id=board.guild_id,
                    channel_id=board.channel_id,
                )
            ),
            heard=tuple(await act_queries.heard_lately(session, records.personality, board, now)),
            others=names - own_names,
            mood=self._dependencies.planner.mood(task.personality_id, now),
            images=images,
            face_key=(
                await main_face_key(session, task.personality_id) if images.shows_face else None
            ),
            affinity=await act_queries.affinity(
                session, task.personality_id, target.personality_id if target else None
            ),
        )
        lore = await search_lore(session, self._dependencies.lore, personality, context, now=now)
        return replace(context, lore=lore)


class ActHandler(Handler[ActJob]):
    """Handles tasks of the engine; `EngineTask.max_retries` limits the retries."""

    payload_type = ActJob
    timeout_seconds: ClassVar[float] = 600

    def __init__(self, dependencies: EngineDependencies, writer: Writer | None = None) -> None:
        self._dependencies = dependencies
        writer = writer or Writer(dependencies.models)
        self._executor = ActExecutor(
            build_actions(writer, dependencies.adapter, dependencies.pipeline)
        )

    @override
    async def attempts(self, payload: ActJob) -> int:
        async with self._dependencies.sessions() as session:
            task = await session.get(EngineTask, payload.task)
        return 1 + (task.max_retries if task else 0)

    @override
    async def run(self, run: Run[ActJob]) -> None:
        try:
            await self._executor.execute(DatabaseActStore(self._dependencies, run))
        except TaskGone:
            async with run.final_transaction():
                pass

    @override
    async def on_status_change(
        self, session: AsyncSession, payload: ActJob, status: JobStatus, reason: str
    ) -> None:
        task = await session.get(EngineTask, payload.task)
        if task is None:
            return
        task.status = _STATUSES[status]
        task.error_message = reason or None
        task.reason = SkipReason.CANCELLED if status == JobStatus.CANCELLED else None
        task.retry_count = 0 if status == JobStatus.PENDING else task.max_retries
        is_over = status != JobStatus.PENDING
        task.completed_at = self._dependencies.timing.clock.now() if is_over else None
