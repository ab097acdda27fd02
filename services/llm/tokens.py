"""Estimates of token counts, without a tokenizer."""

import json

from services.llm.types import ChatMessage, Request, ToolSpec, Usage

# The limit of an answer whose request names none.
MAX_ANSWER_TOKENS = 4096
# What a vendor adds to each message, and the most that it counts for a picture of our size.
_TOKENS_PER_MESSAGE, _TOKENS_PER_IMAGE = 16, 3000
_LIKELY_ANSWER_TOKENS = 300


def usage_at_most(request: Request) -> Usage:
    """Return the most tokens that a request can take: no vocabulary has tokens without a byte."""
    return Usage(
        tokens_in=sum(
            len(_text_of(message).encode("utf-8", "replace"))
            + _TOKENS_PER_MESSAGE
            + _TOKENS_PER_IMAGE * len(message.images)
            for message in request.messages
        )
        + sum(len(describe_tool(each).encode("utf-8", "replace")) for each in request.tools),
        tokens_out=request.sampling.max_tokens or MAX_ANSWER_TOKENS,
    )


def expected_usage(request: Request) -> Usage:
    """Return the tokens that a request will probably take."""
    return Usage(
        tokens_in=sum(
            estimate(_text_of(message)) + _TOKENS_PER_IMAGE // 2 * len(message.images)
            for message in request.messages
        )
        + sum(estimate(describe_tool(each)) for each in request.tools),
        tokens_out=min(request.sampling.max_tokens or MAX_ANSWER_TOKENS, _LIKELY_ANSWER_TOKENS),
    )


def describe_tool(tool: ToolSpec) -> str:
    """Return a function as a model reads it, about."""
    return f"{tool.name} {tool.description} {json.dumps(tool.parameters)}"


def _text_of(message: ChatMessage) -> str:
    calls = (f"{each.id} {each.name} {each.arguments}" for each in message.calls)
    return " ".join([message.content, *calls])


def estimate(text: str) -> int:
    """Return the estimated number of tokens of a text; rather too high for usual texts.

    Byte-pair vocabularies have about four letters per token for prose, and two bytes for other
    scripts.
    """
    ascii_count = len(text.encode("ascii", "ignore"))
    return int(ascii_count / 3 + (len(text.encode("utf-8", "replace")) - ascii_count) / 1.5) + 1


def fitting_length(text: str, token_limit: int, suffix: str = "") -> int:
    """Return how many characters of a text fit into `token_limit` tokens, with `suffix` added."""
    if estimate(text + suffix) <= token_limit:
        return len(text)
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = estimate(text[:middle] + suffix) <= token_limit
        low, high = (middle, high) if fits else (low, middle - 1)
    return low
