"""From a task to an act that is done: the steps, and where each of them is stored.

`ActHandler` is the job, `ActExecutor` the steps of any act, `DatabaseActStore` what PostgreSQL
knows of one. The simulation runs the same steps on a store in memory.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import override

from db.models import ActType, EngineTask, JobStatus, TaskStatus
from db.session import Sessions
from services.chat import ChannelNotFound, MissingPermission
from services.engine import act_queries, policy, queries, results
from services.engine.act_queries import ActRecords
from services.engine.actions import ACTIONS, Action, SpeakingAction, build_actions
from services.engine.errors import EnginePaused, Skipped, SkipReason, TaskGone
from services.engine.planner import Planner
from services.engine.ports import ActStore, BoardAdapter
from services.engine.results import record_view, show_votes
from services.engine.scheduler import ActJob, EngineTiming, plan_reactions
from services.engine.types import ActContent, ActContext, BoardLocation, Limits, SentMessages
from services.engine.writing import Writer, most_tokens
from services.images import ImagePipeline
from services.jobs import Handler, Run
from services.llm import LanguageModels, Usage, maximum_cost
from services.llm_configs import NoConfig
from services.personalities import describe, recently_shared
from services.types import speaker_of

T = TypeVar("T")

_STATUSES = {
    JobStatus.PENDING: TaskStatus.PENDING,
    JobStatus.FAILED: TaskStatus.FAILED,
    JobStatus.CANCELLED: TaskStatus.SKIPPED,
}


class ActExecutor:
    """Does one act: look whether it may be, write, check, say, record, plan what follows."""

    def __init__(self, actions: Mapping[ActType, Action]) -> None:
        self._actions = actions

    async def execute(self, notebook: ActStore) -> None:
        """See an act through.

        Raises:
            ModelError: The model did not answer; another try may help.
        """
        try:
            scene = await notebook.begin()
            action = self._actions[scene.kind]
            speaking = action if isinstance(action, SpeakingAction) else None
            if speaking and not await self._is_ready(notebook, speaking, scene):
                return
            words = await notebook.step("words", ActContent, lambda: action.write(notebook, scene))
            spoken = await self._say(notebook, speaking, scene, words) if speaking else None
            await notebook.record(scene, words, spoken)
        except EnginePaused:
            await notebook.postpone()
        except Skipped as skipped:
            await notebook.skip(skipped)
        except ChannelNotFound:
            await notebook.skip(Skipped(SkipReason.GONE))
        except MissingPermission:
            await notebook.skip(Skipped(SkipReason.SILENCED))

    async def _is_ready(
        self, notebook: ActStore, action: SpeakingAction, scene: ActContext
    ) -> bool:
        """See that there is somewhere to speak, before anybody is paid for words."""
        try:
            await action.check(scene)
        except ChannelNotFound:
            await notebook.close_board("the channel is gone")
            return False
        return True

    async def _say(
        self, notebook: ActStore, action: SpeakingAction, scene: ActContext, words: ActContent
    ) -> SentMessages:
        """Say it once, whatever happened to earlier attempts."""

        async def say() -> SentMessages:
            if await notebook.mark_sending():
                said = await action.find(scene, words)
                if said is not None:
                    return said
                await notebook.recheck()
            return await action.send(scene, words)

        return await notebook.step("spoken", SentMessages, say)


@dataclass(frozen=True, kw_only=True)
class EngineDependencies:
    """What all notebooks share."""

    sessions: Sessions
    models: LanguageModels
    stage: BoardAdapter
    studio: ImagePipeline
    planner: Planner
    limits: Limits
    tempo: EngineTiming


class DatabaseActStore(ActStore):
    """What one run of a task knows and keeps; the run's fence is around all it writes."""

    def __init__(self, desk: EngineDependencies, run: Run[ActJob]) -> None:
        self._desk = desk
        self._run = run
        self._task_id = run.payload.task

    @override
    async def begin(self) -> ActContext:
        async with self._run.writing() as session:
            found = await self._records(session)
            # What may have been said already is looked for first.
            if not found.task.is_sending:
                await self._check(session, found)
            found.task.status = TaskStatus.RUNNING
            found.task.started_at = found.task.started_at or self._desk.tempo.clock.now()
            found.task.retry_count = self._run.attempt - 1
            # Until it is known what it costs, what it may cost at most counts.
            found.task.cost_usd = max(self._max_cost(found), found.task.cost_usd or 0)
            await record_view(session, found, self._desk.tempo.clock.now())
        async with self._desk.sessions() as session:
            return await self._context(session, await self._records(session))

    @override
    async def wait_for_rate_limit(self, scene: ActContext) -> None:
        vendor = scene.model.partition("/")[0]
        while True:
            now = self._desk.tempo.clock.now()
            minute = now.replace(second=0, microsecond=0)
            async with self._desk.sessions.begin() as session:
                limit = self._desk.limits.requests_per_minute
                if await queries.take_request_slot(session, vendor, minute, limit):
                    return
            over = minute + timedelta(minutes=1) - now
            await asyncio.sleep(self._desk.tempo.clock.real_duration(over).total_seconds() + 0.01)

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
        async with self._run.writing() as session:
            found = await self._records(session)
            if found.task.is_sending:
                return True
            await self._check(session, found)
            found.task.is_sending = True
            return False

    @override
    async def recheck(self) -> None:
        async with self._run.writing() as session:
            await self._check(session, await self._records(session))

    @override
    async def record(
        self, scene: ActContext, words: ActContent, spoken: SentMessages | None
    ) -> None:
        clock = self._desk.tempo.clock
        async with self._run.finishing() as session:
            found = await self._records(session)
            task, now = found.task, clock.now()
            item = await results.save_result(session, found, scene, words, spoken, now=now)
            task.status, task.completed_at, task.is_sending = TaskStatus.DONE, now, False
            task.discord_message_ids = spoken.message_ids if spoken else []
            task.prompt_tokens, task.completion_tokens = words.tokens_in, words.tokens_out
            task.cost_usd = words.cost_usd
            if item is not None:
                target = found.target
                asked = results.to_item(found.board.id, target) if target else None
                await plan_reactions(session, self._desk.planner, item, asked, self._desk.tempo)
        is_of_post = not ACTIONS[scene.kind].speaks() and found.task.comment_id is None
        if is_of_post and found.post is not None:
            await show_votes(self._desk.stage, scene.where, found.post)

    @override
    async def skip(self, skipped: Skipped) -> None:
        async with self._run.finishing() as session:
            task = (await self._records(session)).task
            task.status, task.reason = TaskStatus.SKIPPED, skipped.reason
            task.completed_at, task.is_sending = self._desk.tempo.clock.now(), False
            task.prompt_tokens, task.completion_tokens = skipped.tokens_in, skipped.tokens_out
            # What an earlier step has taken is known to that step alone: then the reserve counts.
            if task.started_at is None or skipped.tokens_in:
                task.cost_usd = skipped.cost_usd

    @override
    async def close_board(self, why: str) -> None:
        async with self._run.finishing() as session:
            found = await self._records(session)
            found.board.closed_at, found.board.closed_why = self._desk.tempo.clock.now(), why
            found.task.status, found.task.reason = TaskStatus.SKIPPED, SkipReason.CLOSED
            found.task.completed_at, found.task.cost_usd = found.board.closed_at, None

    @override
    async def postpone(self) -> None:
        async with self._run.finishing() as session:
            task = (await self._records(session)).task
            task.status, task.job_id = TaskStatus.PENDING, None

    async def _records(self, session: AsyncSession) -> ActRecords:
        found = await act_queries.load_records(session, self._task_id)
        if found is None:
            raise TaskGone
        return found

    async def _check(self, session: AsyncSession, found: ActRecords) -> None:
        """Let the act pass, or say why not."""
        if await queries.is_paused(session):
            raise EnginePaused
        now = self._desk.tempo.clock.now()
        quiet = self._desk.planner.is_quiet(queries.opened(found.board), now)
        standing = await act_queries.load_policy_input(
            session, found, now, is_quiet=quiet, needs_usd=self._max_cost(found)
        )
        policy.check(standing, self._desk.limits)

    def _max_cost(self, found: ActRecords) -> float:
        """Return what the act may cost at most, in US dollars."""
        is_written = ACTIONS[ActType(found.task.task_type)].speaks() or found.board.model_votes
        if found.config is None or not is_written:
            return 0
        read, written = most_tokens()
        dearest = 0.0
        for model in filter(None, (found.config.model, found.config.fallback_model)):
            usage = Usage(tokens_in=read, tokens_out=written)
            price = self._desk.models.ledger.with_cost(
                self._desk.models.resolve(model), usage
            ).cost_usd
            dearest = max(dearest, maximum_cost(usage) if price is None else price)
        if ACTIONS[ActType(found.task.task_type)].needs_pictures:
            # What it shows, the picture, and the words to it.
            return 2 * dearest + self._desk.studio.images.price_usd
        return dearest

    async def _context(self, session: AsyncSession, found: ActRecords) -> ActContext:
        if found.personality is None:
            raise Skipped(SkipReason.ABSENT)
        if found.config is None:
            raise NoConfig
        task, board, post = found.task, found.board, found.post
        own = await act_queries.texts_by(session, task.personality_id)
        names = await act_queries.names_on(session, board.id)
        mine = {found.personality.name, found.personality.display_name or ""}
        line = act_queries.to_message(post, task.personality_id) if post else None
        target = found.target
        personality = await act_queries.definition_of(session, found.personality)
        written = "\n\n".join(describe(personality))
        return ActContext(
            task_id=task.id,
            kind=ActType(task.task_type),
            personality_id=task.personality_id,
            name=personality.name,
            speaker=speaker_of(personality),
            definition=written.replace("{{char}}", personality.name).replace("{{user}}", "people"),
            seed=str(task.personality_id),
            model=self._desk.models.resolve(found.config.model),
            fallback=found.config.fallback_model,
            guild_id=board.guild_id,
            where=BoardLocation(
                channel_id=board.channel_id,
                guild_id=board.guild_id,
                is_forum=board.is_forum,
                age_restricted=board.age_restricted,
                thread_id=post.thread_id if post else None,
                post_message_id=line.message_id if line else None,
                title=(post.title or post.content)[:80] if post else "",
            ),
            topic=board.topic,
            tone=board.tone,
            age_restricted=board.age_restricted,
            model_votes=board.model_votes,
            post=line,
            thread=tuple(await act_queries.thread_messages(session, post.id, task.personality_id))
            if post
            else (),
            target=act_queries.to_message(target, task.personality_id) if target else None,
            own=tuple(text for _, text in own),
            own_here=tuple(text for board_id, text in own if board_id == board.id),
            board_lines=tuple(await act_queries.texts_on(session, board.id)),
            shared=tuple(
                f"{each.alt_text} {each.caption}".strip() or "a photo"
                for each in await recently_shared(
                    session,
                    task.personality_id,
                    guild_id=board.guild_id,
                    channel_id=board.channel_id,
                )
            ),
            others=names - mine,
            mood=self._desk.planner.mood(task.personality_id, self._desk.tempo.clock.now()),
            affinity=await act_queries.affinity(
                session, task.personality_id, target.personality_id if target else None
            ),
        )


class ActHandler(Handler[ActJob]):
    """Does what personalities are to do; a task says how often it is retried."""

    payload_type = ActJob
    timeout_seconds: ClassVar[float] = 600

    def __init__(self, desk: EngineDependencies) -> None:
        self._desk = desk
        self._performer = ActExecutor(build_actions(Writer(desk.models), desk.stage, desk.studio))

    @override
    async def attempts(self, payload: ActJob) -> int:
        async with self._desk.sessions() as session:
            task = await session.get(EngineTask, payload.task)
        return 1 + (task.max_retries if task else 0)

    @override
    async def run(self, run: Run[ActJob]) -> None:
        try:
            await self._performer.execute(DatabaseActStore(self._desk, run))
        except TaskGone:
            async with run.finishing():
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
        task.completed_at = self._desk.tempo.clock.now() if is_over else None
