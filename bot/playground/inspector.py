"""What happens behind the scenes of the playground: prompts, jobs, the engine's plan, the clock.

The playground belongs to whoever runs it, so prompts are shown to everybody on its page; who may
read the memories in *Why this reply?* is decided as on Discord.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from simcord.actors import MemberActor

from bot.discord.client import Bot
from bot.discord.converters import to_actor
from bot.playground.world import PAUSED, fetch_member
from services.chat import AnswerNotFound, NotYourAnswer
from services.clock import FastClock
from services.engine import TaskEntry
from services.jobs import Job, JobStatus
from services.llm import LoggedCall, RequestLog

SPEEDS: Final = (PAUSED, 1.0, 60.0)
_MAX_FORWARD: Final = timedelta(days=1)
_JOBS, _ACTS, _HOURS = 40, 12, 24


class Inspector:
    """Shows how the bot came to what it did, what it will do, and sets its clock."""

    def __init__(
        self,
        bot: Bot,
        requests: RequestLog,
        clock: FastClock,
        on_time: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_time = on_time
        self._bot = bot
        self._services = bot.services
        self._requests = requests
        self._clock = clock

    async def set_clock(self, *, speed: float | None = None, forward: timedelta) -> None:
        """Let time pass at another speed, 0 is paused, or set the clock forward.

        Raises:
            ValueError: There is no such speed, or it is more than a day.
        """
        new_speed = self._clock.speed if speed is None else speed or PAUSED
        is_known = speed is None or new_speed in SPEEDS
        if not is_known or not timedelta(0) <= forward <= _MAX_FORWARD:
            raise ValueError(speed, forward)
        skipped = forward / new_speed
        factor = self._clock.speed / new_speed
        self._clock.change(speed=new_speed, forward=forward)
        await self._services.jobs.rescale(factor=factor, forward=skipped)
        await self._services.engine_scheduler.tick()
        self._on_time()

    async def overview(self) -> dict[str, Any]:
        """Return the last jobs, the engine's plan and its last acts."""
        jobs = sorted(await self._services.jobs.list_jobs(limit=_JOBS), key=_order)
        plan = await self._services.engine.plan(hours=_HOURS)
        done = await self._services.engine.tasks(limit=_ACTS)
        status = await self._services.engine.status()
        return {
            "paused": status.paused_at is not None,
            "jobs": [
                {
                    "kind": job.kind,
                    "status": job.status,
                    "attempt": job.attempt,
                    "error": job.error or "",
                    "seconds": _seconds(job.started_at, job.finished_at),
                    "due": max((job.due_at - datetime.now(UTC)).total_seconds(), 0),
                }
                for job in jobs
            ],
            "planned": [_act(each) for each in plan.waiting],
            "moments": {
                name: [at.isoformat() for at in moments] for name, moments in plan.moments.items()
            },
            "acts": [_act(each) for each in done],
        }

    async def message(self, member: MemberActor, channel_id: int, message_id: int) -> Any:
        """Return how a message came about, or None: it is not one of a personality."""
        channel: Any = self._bot.get_channel(channel_id)
        guild = getattr(channel, "guild", None)
        user = await (fetch_member(guild, member) if guild else self._bot.fetch_user(member.id))
        actor = to_actor(user, channel)
        try:
            line_id = await self._services.answers.locate(message_id)
            answer = await self._services.answers.why(actor, line_id)
        except AnswerNotFound:
            return await self._act_behind(message_id)
        except NotYourAnswer:
            return {"refused": "Only who asked, and moderators, may look at this answer."}
        return {
            "name": answer.name,
            "provenance": answer.provenance,
            "calls": self._calls(answer.provenance.get("request")),
        }

    async def _act_behind(self, message_id: int) -> Any:
        entry = await self._services.engine.find_act(message_id)
        if entry is None:
            return None
        task = entry.task
        request: str | None = None
        if task.job_id is not None:
            details = await self._services.jobs.show(str(task.job_id))
            words: list[Any] = [each.output for each in details.steps if each.name == "words"]
            request = words[0].get("request") if words else None
        return {
            "name": entry.name,
            "act": _act(entry),
            "provenance": {
                "tokens_in": task.prompt_tokens or 0,
                "tokens_out": task.completion_tokens or 0,
                "cost_usd": task.cost_usd,
            },
            "calls": self._calls(request),
        }

    def _calls(self, request_id: str | None) -> Sequence[dict[str, Any]]:
        calls = self._requests.find(UUID(request_id)) if request_id else ()
        return [_call(each) for each in calls]


def _order(job: Job) -> tuple[int, float]:
    """Sort what runs first, then what ended last, then what is due next."""
    if job.status == JobStatus.RUNNING:
        return 0, 0
    if job.status == JobStatus.PENDING:
        return 2, job.due_at.timestamp()
    return 1, -(job.finished_at or job.created_at).timestamp()


def _call(call: LoggedCall) -> dict[str, Any]:
    return {
        "model": call.completion.model,
        "sampling": call.request.sampling.specified(),
        "tools": [tool.name for tool in call.request.tools],
        "messages": [
            {"role": each.role, "content": each.content, "pictures": len(each.images)}
            for each in call.request.messages
        ],
        "answers": call.completion.candidates,
    }


def _act(entry: TaskEntry) -> dict[str, Any]:
    task = entry.task
    return {
        "name": entry.name,
        "kind": task.task_type,
        "channel": str(entry.channel_id),
        "status": task.status,
        "reason": task.reason or task.error_message or "",
        "at": (task.completed_at or task.scheduled_at).isoformat(),
    }


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None
