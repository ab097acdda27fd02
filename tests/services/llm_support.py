"""What is asked of every vendor of language models, in every way there is to ask."""

from typing import Literal

import pytest
from pydantic import BaseModel

from services.llm import ChatMessage, Completion, Image, ModelError, Request, Sampling, TextModel

PIXEL = Image(media_type="image/png", data=b"\x89PNG")
HELLO = Request(
    model="m",
    messages=(ChatMessage("system", "You keep a lighthouse."), ChatMessage("user", "Ahoy!")),
)
LOOK = Request(model="m", messages=(ChatMessage("user", "Look!", images=(PIXEL,)),))
EVERYTHING = Request(
    model="m",
    messages=HELLO.messages,
    sampling=Sampling(
        temperature=0.7,
        top_p=0.9,
        top_k=40,
        frequency_penalty=0.1,
        presence_penalty=-0.2,
        repetition_penalty=1.1,
        max_tokens=99,
    ),
    cache_key="room-1",
)
NIGHT = '{"lamps": [{"colour": "red", "turns": 2}]}'


class Lamp(BaseModel):
    colour: Literal["red", "white"]
    turns: int


class Night(BaseModel):
    lamps: list[Lamp]


async def streamed(vendor: TextModel, request: Request) -> list[str | Completion]:
    return [piece async for piece in vendor.stream(request)]


async def failures(vendor: TextModel) -> list[ModelError]:
    """Ask for a completion, a shape and a stream, and return how each failed."""
    found: list[ModelError] = []
    for ask in (vendor.complete(HELLO), vendor.parse(HELLO, Night), streamed(vendor, HELLO)):
        with pytest.raises(ModelError) as raised:
            await ask
        found.append(raised.value)
    return found


async def heard_before_failing(vendor: TextModel) -> tuple[list[str | Completion], ModelError]:
    """Listen to a stream that breaks, and return what came before."""
    heard: list[str | Completion] = []
    try:
        async for piece in vendor.stream(HELLO):
            heard.append(piece)  # noqa: PERF401 - what came before the error is wanted
    except ModelError as error:
        return heard, error
    pytest.fail("the stream came to its end")
