"""The local language model: the real one, from the development dependencies."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from services.llm import (
    ChatMessage,
    Completion,
    ContextTooLong,
    ModelMisconfigured,
    Request,
    Sampling,
    TextModel,
    local,
)
from tests.services.llm_support import EVERYTHING, Lamp, streamed

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

BRIEFLY = Sampling(max_tokens=8, temperature=0)
AHOY = Request(model="smollm2", messages=(ChatMessage("user", "Ahoy!"),), sampling=BRIEFLY)
HOUSE = """
import asyncio
from services.llm import local

async def main():
    async with local.serve(local.bundled_model()):
        print("open", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def vendor() -> AsyncGenerator[TextModel]:
    path = local.bundled_model()
    assert path is not None
    async with local.serve(path) as vendor:
        yield vendor


async def test_it_answers(vendor: TextModel) -> None:
    answer = await vendor.complete(AHOY)

    assert answer.text
    assert answer.model == "local/smollm2"
    assert answer.usage.tokens_in > 0
    assert 0 < answer.usage.tokens_out <= 8


async def test_it_answers_in_pieces(vendor: TextModel) -> None:
    *pieces, whole = await streamed(vendor, AHOY)

    assert isinstance(whole, Completion)
    assert len(pieces) > 1
    assert "".join(map(str, pieces)) == whole.text
    assert whole.usage.tokens_out > 0


async def test_it_answers_in_a_shape(vendor: TextModel) -> None:
    messages = (ChatMessage("user", "Describe a lamp as JSON."),)
    sampling = Sampling(max_tokens=40, temperature=0)

    answer = await vendor.parse(Request(model="x", messages=messages, sampling=sampling), Lamp)

    assert answer.value.colour in {"red", "white"}


async def test_it_knows_every_parameter(vendor: TextModel) -> None:
    sampling = replace(EVERYTHING.sampling, max_tokens=4)

    answer = await vendor.complete(replace(EVERYTHING, sampling=sampling))

    assert answer.usage.tokens_out > 0
    assert vendor.unsupported == frozenset()


async def test_it_says_so_when_a_prompt_is_too_long(vendor: TextModel) -> None:
    words = ChatMessage("user", "word " * local.SHARED_TOKENS)

    with pytest.raises(ContextTooLong):
        await vendor.complete(Request(model="x", messages=(words,)))


async def test_a_file_that_is_no_model_is_a_mistake_of_whoever_named_it(tmp_path: Path) -> None:
    path = tmp_path / "poem.gguf"
    path.write_text("The fog came in.")

    with pytest.raises(ModelMisconfigured) as raised:
        async with local.serve(path):
            pass

    assert str(path) in raised.value.detail


def children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(sys.platform != "linux", reason="watching somebody else's child takes a pidfd")
async def test_it_ends_with_the_house_even_when_that_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOUSE, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"open\n"
    (child,) = children(parent.pid)
    model, ended = os.pidfd_open(child), asyncio.Event()
    asyncio.get_running_loop().add_reader(model, ended.set)

    parent.kill()

    async with asyncio.timeout(10):
        await ended.wait()
    asyncio.get_running_loop().remove_reader(model)
    os.close(model)
    assert await parent.wait() == -signal.SIGKILL
