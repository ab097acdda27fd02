"""Requests that the tests of every vendor of language models send."""

from typing import Literal

import pytest
from pydantic import BaseModel

from services.llm import (
    ChatMessage,
    Completion,
    Image,
    ModelError,
    Request,
    Sampling,
    TextModel,
    ToolSpec,
)

PIXEL = Image(media_type="image/png", data=b"\x89PNG")
HELLO = Request(
    model="m",
    messages=(ChatMessage("system", "You keep a lighthouse."), ChatMessage("user", "Ahoy!")),
)
TOOLS = tuple(
    ToolSpec(
        name=name,
        description="As its name says.",
        parameters={
            "type": "object",
            "properties": {argument: {"type": "string"}},
            "required": [argument],
        },
    )
    for name, argument in (("roll_dice", "dice"), ("time_in", "place"))
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
    """Request a completion, a parsed model and a stream; return the error of each."""
    errors: list[ModelError] = []
    for ask in (vendor.complete(HELLO), vendor.parse(HELLO, Night), streamed(vendor, HELLO)):
        with pytest.raises(ModelError) as raised:
            await ask
        errors.append(raised.value)
    return errors


async def pieces_before_failing(vendor: TextModel) -> tuple[list[str | Completion], ModelError]:
    """Return the pieces of a stream that breaks, and its error."""
    pieces: list[str | Completion] = []
    try:
        async for piece in vendor.stream(HELLO):
            pieces.append(piece)  # noqa: PERF401 - what came before the error is wanted
    except ModelError as error:
        return pieces, error
    pytest.fail("the stream came to its end")
