"""The functions that models call, in answers of OpenAI-shaped APIs. Nothing in them is trusted."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from services.llm.answers import read
from services.llm.types import Completion, NativeTurn, ToolCall
from services.texts import printable

# Of what is called in one turn: the number, and characters of names and arguments.
_MAX_CALLS, _MAX_NAME, _MAX_ARGUMENTS = 8, 64, 8000
# What some models want back with the calls that they have thought about, by its type.
_THOUGHTS: Mapping[str, type[str] | type[list[Any]]] = {
    "reasoning_content": str,
    "reasoning_details": list,
}


@dataclass
class CallReader:
    """Reads the functions that a model calls, from a message or from the deltas of a stream."""

    _calls: dict[object, dict[str, Any]] = field(default_factory=dict[object, dict[str, Any]])
    _thoughts: dict[str, Any] = field(default_factory=dict[str, Any])

    def read(self, message: object) -> None:
        """Read a message, or another delta of one."""
        calls = read(message, "tool_calls")
        for call in cast("Sequence[object]", calls if isinstance(calls, list | tuple) else ()):
            self._read_call(call)
        for name, kind in _THOUGHTS.items():
            if isinstance(thought := read(message, name), kind):
                self._thoughts[name] = self._thoughts.get(name, kind()) + thought

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Return the calls that have a name."""
        called = (each for each in self._calls.values() if each["function"]["name"])
        return tuple(
            ToolCall(
                id=each["id"],
                name=each["function"]["name"],
                arguments=each["function"]["arguments"],
            )
            for each in called
        )

    def turn(self, text: str) -> dict[str, Any]:
        """Return the message as its vendor wants it back."""
        calls = [each for each in self._calls.values() if each["function"]["name"]]
        turn = {"role": "assistant", "content": text or None, "tool_calls": calls}
        return turn | self._thoughts

    def _read_call(self, call: object) -> None:
        key = self._key(call)
        if key not in self._calls and len(self._calls) >= _MAX_CALLS:
            return
        known = self._calls.setdefault(
            key,
            {"id": "", "type": "function", "function": {"name": "", "arguments": ""}},
        )
        function = known["function"]
        if isinstance(name := read(call, "function", "name"), str):
            function["name"] = printable(name)[:_MAX_NAME] or function["name"]
        arguments = read(call, "function", "arguments")
        if isinstance(arguments, Mapping):  # Ollama's own
            arguments = json.dumps(arguments)
        if isinstance(arguments, str):
            function["arguments"] = (function["arguments"] + arguments)[:_MAX_ARGUMENTS]
        call_id = read(call, "id")
        known["id"] = (
            known["id"]
            or (printable(call_id)[:_MAX_NAME] if isinstance(call_id, str) else "")
            or f"call_{len(self._calls)}"
        )
        if extra := read(call, "extra_content"):  # Gemini's signatures
            known["extra_content"] = extra

    def _key(self, call: object) -> object:
        """Return what tells a call from others: its place, or its id where it has none."""
        index = read(call, "index")
        if isinstance(index, int):
            return index
        call_id = read(call, "id")
        return call_id if isinstance(call_id, str) and call_id else f"#{len(self._calls)}"


def with_calls(completion: Completion, calls: CallReader) -> Completion:
    """Return a completion with the functions that its model calls."""
    if not calls.calls:
        return completion
    vendor = completion.model.partition("/")[0]
    native = NativeTurn(vendor, calls.turn(completion.text))
    return replace(completion, calls=calls.calls, native=native)
