"""The order of answers in a channel."""

import asyncio

import pytest

from services.access import TooManyMessages
from services.chat.ordering import AnswerSlots, TurnQueues


class Floor:
    """A channel in which whoever gets a turn writes down their name."""

    def __init__(self) -> None:
        self.lanes = TurnQueues()
        self.spoken: list[str] = []

    def starts(self, name: str, thinking: asyncio.Event, channel_id: int = 1) -> asyncio.Task[None]:
        return asyncio.create_task(self._speak(name, thinking, channel_id))

    async def _speak(self, name: str, thinking: asyncio.Event, channel_id: int) -> None:
        async with self.lanes.join(channel_id) as place_in_line:
            await thinking.wait()
            if name.startswith("fails"):
                raise ValueError(name)
            await place_in_line.wait()
            self.spoken.append(name)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def done() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def test_who_was_asked_first_speaks_first() -> None:
    floor, slow = Floor(), asyncio.Event()
    tasks = [floor.starts("first", slow), floor.starts("second", done())]
    await settle()
    before = list(floor.spoken)

    slow.set()
    await asyncio.gather(*tasks)

    assert before == []
    assert floor.spoken == ["first", "second"]


async def test_channels_do_not_wait_for_each_other() -> None:
    floor, slow = Floor(), asyncio.Event()
    waiting = floor.starts("here", slow, channel_id=1)

    await floor.starts("there", done(), channel_id=2)

    assert floor.spoken == ["there"]
    slow.set()
    await waiting


@pytest.mark.parametrize("end", ["fails", "is cancelled"])
async def test_an_answer_that_never_comes_lets_nobody_overtake(end: str) -> None:
    floor, slow, middle = Floor(), asyncio.Event(), asyncio.Event()
    first = floor.starts("first", slow)
    second = floor.starts("fails" if end == "fails" else "second", middle)
    third = floor.starts("third", done())
    await settle()

    if end == "fails":
        middle.set()
    else:
        second.cancel()
    await settle()
    overtaken = list(floor.spoken)
    slow.set()
    results = await asyncio.gather(first, second, third, return_exceptions=True)

    assert overtaken == []
    assert floor.spoken == ["first", "third"]
    assert isinstance(results[1], ValueError | asyncio.CancelledError)


async def test_the_first_one_may_give_up() -> None:
    floor, never = Floor(), asyncio.Event()
    first, second = floor.starts("first", never), floor.starts("second", done())
    await settle()

    first.cancel()
    await asyncio.gather(first, second, return_exceptions=True)

    assert floor.spoken == ["second"]


async def test_cancelling_while_in_line_hurts_nobody_else() -> None:
    floor, slow = Floor(), asyncio.Event()
    tasks = [floor.starts(str(n), slow if n == 0 else done()) for n in range(5)]
    await settle()

    tasks[2].cancel()
    await settle()
    slow.set()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert floor.spoken == ["0", "1", "3", "4"]


async def test_a_channel_is_forgotten_when_all_have_spoken() -> None:
    floor = Floor()

    tasks = [floor.starts(f"{n}", done(), channel_id=n % 50) for n in range(200)]
    tasks += [floor.starts(f"fails {n}", done(), channel_id=n) for n in range(50)]
    tasks[7].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await settle()

    assert len(floor.spoken) == 199
    assert vars(floor.lanes) == {"_last": {}}


class Desk:
    """Answers that take until they are let go, in the order in which they begin."""

    def __init__(self, **limits: int) -> None:
        self.slots = AnswerSlots(**limits)
        self.queues = TurnQueues()
        self.begun: list[str] = []
        self.sent: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def ask(
        self,
        name: str,
        person_id: int,
        channel_id: int = 1,
        *,
        reading: asyncio.Event | None = None,
    ) -> asyncio.Task[None]:
        """Ask for an answer; it is known after `reading` that it is to be given."""
        self._ends[name] = asyncio.Event()
        task = asyncio.create_task(self._answer(name, person_id, channel_id, reading or done()))
        self._tasks.append(task)
        return task

    async def _answer(
        self, name: str, person_id: int, channel_id: int, reading: asyncio.Event
    ) -> None:
        async with self.queues.join((channel_id, person_id)) as position:
            await reading.wait()
            if name.startswith("ignored"):
                return
            async with self.slots.acquire(person_id, channel_id, position):
                self.begun.append(name)
                await self._ends[name].wait()
                await position.wait()
                self.sent.append(name)

    async def end(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
        await settle()


async def test_a_person_has_two_messages_answered_at_once() -> None:
    desk = Desk()
    for name in ("a1", "a2", "a3"):
        desk.ask(name, 1)
    desk.ask("b1", 2)
    await settle()

    assert desk.begun == ["a1", "a2", "b1"]
    await desk.end("a1")
    assert desk.begun == ["a1", "a2", "b1", "a3"]
    await desk.end("a2", "a3", "b1")


async def test_whoever_waits_in_a_channel_is_served_in_turns() -> None:
    desk = Desk(per_channel=1, per_person=9, max_waiting=9)
    for name in ("a1", "a2", "a3", "a4"):
        desk.ask(name, 1)
    desk.ask("b1", 2)
    desk.ask("c1", 3)
    await settle()

    for name in ("a1", "a2", "b1", "c1", "a3", "a4"):
        await desk.end(name)

    assert desk.begun == ["a1", "a2", "b1", "c1", "a3", "a4"]


async def test_the_slots_of_a_person_are_shared_by_their_channels() -> None:
    desk = Desk(per_person=1)
    desk.ask("here", 1, channel_id=1)
    desk.ask("there", 1, channel_id=2)
    await settle()
    before = list(desk.begun)

    await desk.end("here")

    assert (before, desk.begun) == (["here"], ["here", "there"])
    await desk.end("there")


async def test_a_burst_is_refused_at_some_point_and_costs_nothing_later() -> None:
    desk = Desk(per_person=1, max_waiting=2)
    tasks = [desk.ask(f"a{number}", 1) for number in range(5)]
    await settle()

    refused = [task for task in tasks if task.done()]

    assert [type(task.exception()) for task in refused] == [TooManyMessages] * 2
    await desk.end("a0", "a1", "a2")
    desk.ask("again", 1)
    await settle()
    assert desk.begun[-1] == "again"
    await desk.end("again")


async def test_who_gives_up_waiting_leaves_the_place_to_others() -> None:
    desk = Desk(per_person=1, per_channel=1)
    desk.ask("first", 1)
    await settle()
    given_up = desk.ask("second", 2)
    desk.ask("third", 3)
    await settle()

    given_up.cancel()
    await desk.end("first")

    assert desk.begun == ["first", "third"]
    await desk.end("third")


async def test_later_messages_take_no_slot_that_an_earlier_one_needs() -> None:
    """Else they would hold all slots, and wait for the turn of the one that waits for a slot."""
    desk, slow = Desk(per_person=2), asyncio.Event()
    desk.ask("a1", 1, reading=slow)
    desk.ask("ignored", 1)
    for name in ("a2", "a3", "a4"):
        desk.ask(name, 1)
    await settle()
    before = list(desk.begun)

    slow.set()
    await settle()
    await desk.end("a1", "a2", "a3", "a4")

    assert before == []
    assert desk.begun == desk.sent == ["a1", "a2", "a3", "a4"]
