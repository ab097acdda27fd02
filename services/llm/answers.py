"""What a vendor answers, as our own values or our own errors. Nothing in an answer is trusted.

Any field of an answer may be missing, null, of another type, negative or enormous, and an error may
come with HTTP status 200. All adapters of vendors read answers with these functions.
"""

import base64
import math
import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from typing_extensions import TypeIs

from services.llm.errors import (
    ContextTooLong,
    MalformedAnswer,
    ModelError,
    ModelMisconfigured,
    ModelProblem,
    ModelRateLimited,
    ModelRefused,
    ModelUnavailable,
)
from services.llm.types import Completion, ListedModel, Price, Usage
from services.retries import parse_retry_after
from services.texts import printable

Verdict: TypeAlias = ModelProblem | Callable[[str], ModelError]

# What the columns of the ledger hold.
_MAX_TOKENS, _MAX_COST = 2**31 - 1, 999_999.0
_MAX_DETAIL, _MAX_WORDS = 300, 1000
# Of a vector: more than any model makes, and so small that its square is finite.
_MAX_DIMENSIONS, _MAX_NUMBER = 8192, 1e15
# Kinds of content parts that are not said: reasoning, in the words of several vendors.
_HIDDEN_PARTS = frozenset({"thinking", "reasoning", "redacted_thinking", "thought"})
_CUT_REASONS = frozenset({"length", "max_tokens", "model_length", "max_output_tokens"})
_REFUSAL_REASONS = frozenset({"content_filter", "safety", "refusal", "guardrail_intervened"})

# Codes and sentences of some twenty servers with this API.
_NO_CREDIT = re.compile(
    r"insufficient[_ ](?:quota|credit|balance|funds)|billing_not_active|billing_hard_limit|"
    r"payment[_ ]required|out of credits",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context_length_exceeded|request_too_large|string_above_max_length|"
    r"(?:context|prompt|input|request|messages?)\b[^.]{0,40}\b"
    r"(?:too (?:long|large)|exceed(?:s|ed)?|overflow)|"
    r"exceed(?:s|ed|ing)?\b[^.]{0,60}\b(?:context|token limit|maximum (?:input|number of tokens))|"
    r"maximum context|context (?:size|length|window) (?:of|is)|tokens? (?:count|limit) exceed|"
    r"`?(?:inputs?|prompt)`? tokens? \+ `?max_new_tokens|reduce (?:the length|your prompt)|"
    r"token count[^.]{0,40}exceeds",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"content[_ ](?:filter|policy|moderation)|moderation|flagged|"
    r"prompt was (?:filtered|blocked)|safety system|responsible ai",
    re.IGNORECASE,
)
_RATE_LIMITED = re.compile(r"rate[_ -]?limit|too[_ ]many[_ ]requests|throttl", re.IGNORECASE)
_TRANSIENT = re.compile(
    r"server[_ ]error|internal|overloaded|unavailable|time[d_ ]*out|upstream|bad gateway",
    re.IGNORECASE,
)
_KEY_REFUSED = re.compile(
    r"invalid[_ ]api[_ ]key|authentication|unauthori[sz]ed|permission[_ ](?:denied|error)",
    re.IGNORECASE,
)
_REQUEST_REFUSED = re.compile(
    r"invalid|unknown|unsupported|not[_ ]found|bad[_ ]request", re.IGNORECASE
)

# What an error means: the first rule whose statuses and words it has. Status 0 is an error inside
# of HTTP 200 that names none.
_WITHOUT_STATUS = frozenset({0})
# Server errors after which nothing is charged; behind a gateway, it may have been processed.
_UNCHARGED = frozenset({500, 503, 529})
_RULES: Sequence[tuple[Container[int], re.Pattern[str] | None, Verdict]] = (
    ({402}, None, ModelProblem.NO_CREDIT),
    (range(600), _NO_CREDIT, ModelProblem.NO_CREDIT),
    ({0, 400, 413, 422, 500}, _TOO_LONG, ContextTooLong),
    ({0, 400, 403, 422, 451}, _REFUSED, ModelRefused),
    ({429}, None, ModelRateLimited),
    ({408, 409, 425, *range(500, 600)}, None, ModelUnavailable),
    ({401, 403, 407}, None, ModelProblem.KEY_REFUSED),
    ({404}, None, ModelProblem.NOT_FOUND),
    (range(400, 500), None, ModelProblem.REQUEST_REFUSED),
    (_WITHOUT_STATUS, _RATE_LIMITED, ModelRateLimited),
    (_WITHOUT_STATUS, _KEY_REFUSED, ModelProblem.KEY_REFUSED),
    (_WITHOUT_STATUS, _TRANSIENT, ModelUnavailable),
    (_WITHOUT_STATUS, _REQUEST_REFUSED, ModelProblem.REQUEST_REFUSED),
)


def read(value: object, *path: str | int) -> Any:
    """Return what stands at a path in JSON or in an SDK's objects, or None."""
    for step in path:
        if isinstance(value, Mapping):
            value = cast("Mapping[Any, Any]", value).get(step)
        elif isinstance(step, int):
            items = cast("Sequence[Any]", value if isinstance(value, list | tuple) else ())
            value = items[step] if -len(items) <= step < len(items) else None
        else:
            value = getattr(value, step, None)
    return value


def read_text(content: object) -> str:
    """Return the text of a message's content: a string, or parts of which some are reasoning."""
    if isinstance(content, str):
        return content
    if isinstance(content, list | tuple):
        return "".join(read_text(part) for part in cast("Sequence[object]", content))
    kind = read(content, "type")
    if (isinstance(kind, str) and kind in _HIDDEN_PARTS) or read(content, "thought") is True:
        return ""
    text = read(content, "text")
    if isinstance(text, str):
        return text
    value = read(text, "value")
    return value if isinstance(value, str) else ""


def to_tokens(value: object) -> int:
    """Return a number of tokens within the range of the ledger; 0 if it is no number."""
    return int(max(0, min(value, _MAX_TOKENS))) if _is_number(value) else 0


def to_cost(value: object) -> float | None:
    """Return a cost in US dollars, or None if it is not one."""
    return float(min(value, _MAX_COST)) if _is_number(value) and value >= 0 else None


def _is_number(value: object) -> TypeIs[int | float]:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def read_usage(usage: object) -> Usage:
    """Return the usage in an answer of an OpenAI-shaped API."""
    return Usage(
        tokens_in=to_tokens(read(usage, "prompt_tokens")),
        tokens_cached=to_tokens(read(usage, "prompt_tokens_details", "cached_tokens")),
        tokens_out=to_tokens(read(usage, "completion_tokens")),
        cost_usd=to_cost(read(usage, "cost")),
    )


def read_vectors(body: object, model: str, count: int) -> list[list[float]]:
    """Return the vectors in the body of an OpenAI-shaped API's answer, in the order of the texts.

    Raises:
        ModelError: The body is an error, or not as many vectors of one length.
    """
    if error := read(body, "error"):
        raise read_error(error, model)
    found: Any = read(body, "data")
    listed = cast("Sequence[object]", found) if isinstance(found, list) else ()
    vectors = {
        at if isinstance(at := read(each, "index"), int) else place: _read_vector(each)
        for place, each in enumerate(listed)
    }
    ordered = [vectors.get(place, ()) for place in range(count)]
    widths = {len(vector) for vector in ordered}
    if len(widths) != 1 or not 0 < widths.pop() <= _MAX_DIMENSIONS:
        raise ModelUnavailable(model)
    return [list(vector) for vector in ordered]


def _read_vector(entry: object) -> Sequence[float]:
    found: Any = read(entry, "embedding")
    if isinstance(found, str):  # the four bytes of each
        found = np.frombuffer(base64.b64decode(found), dtype="<f4").tolist()
    numbers = cast("Sequence[Any]", found) if isinstance(found, list) else ()
    is_valid = all(isinstance(each, int | float) and abs(each) < _MAX_NUMBER for each in numbers)
    return [float(each) for each in numbers] if is_valid and any(numbers) else ()


def read_completion(body: object, model: str) -> Completion:
    """Return the completion in the body of an OpenAI-shaped API's answer.

    Raises:
        ModelError: The body is an error or no answer; its `usage` is what was paid all the same.
    """
    usage = read_usage(read(body, "usage"))
    try:
        if (error := read(body, "error")) or not read(body, "choices"):
            raise read_error(error, model)
        choice = read(body, "choices", 0)
        message = read(choice, "message")
        check_choice(choice, model)
        if read(message, "refusal"):
            raise ModelRefused(model)
        if message is None and not isinstance(read(choice, "text"), str):
            raise ModelUnavailable(model)
    except ModelError as error:
        error.usage = usage
        raise
    content = read(message, "content")
    choices = read(body, "choices")
    others = cast("list[object]", choices)[1:] if isinstance(choices, list) else []
    return Completion(
        text=printable(read_text(read(choice, "text") if message is None else content)),
        model=model,
        usage=usage,
        is_cut=is_cut(choice),
        alternatives=tuple(
            printable(read_text(read(other, "message", "content"))) for other in others
        ),
    )


def check_choice(choice: object, model: str) -> None:
    """Raise the error that stands beside or instead of a choice's text, if there is one.

    Raises:
        ModelError: The choice failed, or was refused.
    """
    reason = read(choice, "finish_reason")
    if reason == "error" or read(choice, "error"):
        raise read_error(read(choice, "error"), model)
    if isinstance(reason, str) and reason.lower() in _REFUSAL_REASONS:
        raise ModelRefused(model)


def is_cut(choice: object) -> bool:
    """Whether a choice ended because it has as many tokens as it may have."""
    reason = read(choice, "finish_reason")
    return isinstance(reason, str) and reason.lower() in _CUT_REASONS


def read_error(
    error: object, model: str, *, status: int = 200, retry_after: str | None = None
) -> ModelError:
    """Return the error that an error object says, with the status it came with.

    Inside of HTTP 200 the status is the one in the object, if there is one.
    """
    detail = error_detail(error)
    codes = [read(error, name) for name in ("code", "type", "status")]
    if status < 400:  # noqa: PLR2004 - HTTP's own bound
        status = next((stated for each in codes if (stated := to_status(each))), 0)
    words = " ".join([*(each for each in codes if isinstance(each, str)), detail])[:_MAX_WORDS]
    verdict = _verdict(status, words)
    if isinstance(verdict, ModelProblem):
        found = ModelMisconfigured(model, verdict)
    elif verdict is ModelRateLimited:
        stated_wait = retry_after or read(error, "metadata", "headers", "Retry-After")
        found = ModelRateLimited(model, parse_retry_after(stated_wait))
    else:
        found = verdict(model)
    found.detail = detail or (f"HTTP {status}" if status else "")
    found.is_uncharged = status in _UNCHARGED
    return found


def to_status(code: object) -> int | None:
    """Return an HTTP status of an error, as a number or in digits, or None."""
    text = str(code) if isinstance(code, int | str) else ""
    is_status = text.isascii() and text.isdecimal() and len(text) == 3  # noqa: PLR2004
    return int(text) if is_status and text[0] in "45" else None


def error_detail(error: object) -> str:
    """Return the sentence of an error, in the shapes of several servers, or an empty text."""
    if isinstance(error, str):
        return printable(error)[:_MAX_DETAIL]
    if found := read(error, 0):  # FastAPI's
        return error_detail(found)
    for name in ("message", "msg", "detail", "error"):
        if found := read(error, name):
            return error_detail(found)
    return ""


def _verdict(status: int, words: str) -> Verdict:
    for statuses, pattern, verdict in _RULES:
        if status in statuses and (pattern is None or pattern.search(words)):
            return verdict
    return ModelUnavailable


def malformed(completion: Completion) -> MalformedAnswer:
    """Return the error for an answer that is not in the requested shape; it was paid."""
    error = MalformedAnswer(completion.model)
    error.usage = completion.usage
    return error


def read_listed_model(model: object) -> ListedModel:
    """Return what an entry of a list of models says; OpenRouter's have prices a token."""
    shutdown_date = read(model, "shutdown_date")
    fresh, written = (_price(read(model, "pricing", key)) for key in ("prompt", "completion"))
    cached = _price(read(model, "pricing", "input_cache_read"))
    price = None
    if fresh is not None and written is not None:
        price = Price(fresh, fresh if cached is None else cached, written)
    kinds = read(model, "architecture", "input_modalities")
    context = read(model, "context_length")
    return ListedModel(
        shutdown_date=str(shutdown_date) if shutdown_date else None,
        price=price,
        context_tokens=context if isinstance(context, int) and context > 0 else None,
        sees="image" in kinds if isinstance(kinds, list) else None,
    )


def _price(per_token: object) -> float | None:
    """Return US dollars per million tokens; a negative price means that it varies."""
    try:
        dollars = float(str(per_token)) * 1e6
    except ValueError:
        return None
    return round(dollars, 6) if math.isfinite(dollars) and dollars >= 0 else None
