"""The order of answers in a channel."""

import asyncio

import pytest

from services.chat.ordering import ChannelQueues


class Floor:
    """A channel in which whoever gets a turn writes down their name."""

    def __init__(self) -> None:
        self.lanes = ChannelQueues()
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
