"""What models write around their answers: reasoning, and tokens of their chat templates.

Families of models differ: `<think>`, `<seed:think>`, `[THINK]`, `◁think▷`, the channels of gpt-oss,
`<|im_end|>`. What is quoted or code is text and stays. All of it takes time linear in the text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from services.message_parts import MAX_SHOWN

Span: TypeAlias = tuple[int, int]

_NAMES = (
    r"think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratchpad|inner_monologue|"
    r"context|tool_call|tool_response|function_call"
)
# The beginning or end of text that is not meant to be read.
_MARK = re.compile(
    rf"<(?P<tag_end>/?)\s{{0,3}}(?:[\w.-]{{1,20}}:)?(?:{_NAMES})(?:\s[^<>]{{0,200}})?(?P<empty>/?)>|"
    r"\[(?P<bracket_end>/?)(?-i:THINK(?:ING)?|REASONING)\]|"
    r"◁(?P<triangle_end>/?)think(?:ing)?▷|"
    r"<\|(?:begin_of_|start_of_|start_)?(?:thought|think(?:ing)?)\|>|"
    r"(?P<token_end><\|(?:end_of_|end_|/)(?:thought|think(?:ing)?)\|>)",
    re.IGNORECASE,
)
_END_GROUPS = ("tag_end", "bracket_end", "triangle_end", "token_end")
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "„": "“", "「": "」", "‹": "›"}

# gpt-oss: `<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…`.
_CHANNEL = re.compile(r"<\|channel\|>\s{0,3}(?P<name>\w{1,20})[^<]{0,100}<\|message\|>")
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
# The same where the server has dropped the tokens.
_BARE_CHANNEL = re.compile(r"\A\s{0,3}analysis.{0,200000}?assistant ?final", re.DOTALL)
_ROLE = r"(?:assistant|model|user|system|human|bot)"
_START = re.compile(
    rf"(?:\s{{0,9}}(?:<s>|<bos>|<\|begin_of_text\|>|<\|(?:im_start|start)\|>\s{{0,3}}{_ROLE}?|"
    rf"<\|start_header_id\|>\s{{0,3}}{_ROLE}\s{{0,3}}<\|end_header_id\|>|"
    rf"<start_of_turn>\s{{0,3}}{_ROLE}?|<\|(?:assistant|CHATBOT_TOKEN|START_OF_TURN_TOKEN|"
    r"START_RESPONSE|START_TEXT)\|>|<｜Assistant｜>|\[/INST\]))+"
)
# After one of these a model would write somebody else's turn.
_END = re.compile(
    r"<\|(?:im_end|im_start|eot_id|eom_id|eot|end|return|endoftext|end_of_text|end_of_turn|"
    r"END_OF_TURN_TOKEN|END_RESPONSE|END_TEXT|START_OF_TURN_TOKEN|start_header_id|user|system)\|>|"
    r"<(?:end_of_turn|start_of_turn|eos|/s)>|<｜(?:end▁of▁sentence|User)｜>|\[/?INST\]|<</?SYS>>"
)
# What the chat adds to messages, which models repeat: see `services.message_parts`.
_CHAT_MARK = re.compile(rf"⟦[^⟦⟧]{{0,{MAX_SHOWN}}}⟧[ \t]{{0,9}}\n?|[⟦⟧]")
_TOKEN = re.compile(r"<\|[A-Za-z][\w▁]{0,40}\|>|<｜[\w▁]{1,40}｜>|<(?:pad|unk|bos)>")


def without_markup(text: str) -> str:
    """Return the part of a model's output that is meant to be read."""
    answer = _without_tokens(_without_reasoning(_final_channel(text)))
    return _CHAT_MARK.sub("", answer).strip()


def ends_reasoning(text: str) -> bool:
    """Whether a model has ended a block of reasoning that its chat template has begun."""
    depth = 0
    for mark in _marks(text, _MARK):
        is_end = any(mark[name] for name in _END_GROUPS)
        if is_end and not depth:
            return True
        if not mark["empty"]:
            depth = max(depth - 1, 0) if is_end else depth + 1
    return False


class _Literals:
    """The parts of a text that are code, where marks are text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans: Sequence[Span] = [match.span() for match in CODE.finditer(text)]
        self._starts = [start for start, _ in self._spans]

    def has(self, match: re.Match[str]) -> bool:
        """Whether a match is in code or in quotation marks of its own."""
        before, after = self._text[: match.start()][-1:], self._text[match.end() :][:1]
        if before in _QUOTES and after == _QUOTES[before]:
            return True
        number = bisect_right(self._starts, match.start()) - 1
        return number >= 0 and match.start() < self._spans[number][1]


def _marks(text: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    literals = _Literals(text)
    return (match for match in pattern.finditer(text) if not literals.has(match))


def _final_channel(text: str) -> str:
    channels = list(_marks(text, _CHANNEL))
    if not channels:
        bare = _BARE_CHANNEL.match(text)
        return text[bare.end() :] if bare else text
    finals = [each for each in channels if each["name"].lower() == "final"]
    if not finals:
        return text[: channels[0].start()]
    end = _CHANNEL_END.search(text, finals[-1].end())
    return text[finals[-1].end() : end.start() if end else None]


def _without_reasoning(text: str) -> str:
    """Remove blocks of reasoning, nested ones too, and one that began in the prompt."""
    pieces: list[str] = []
    at, depth = 0, 0
    for mark in _marks(text, _MARK):
        is_end = any(mark[name] for name in _END_GROUPS)
        if not depth and not is_end:
            pieces.append(text[at : mark.start()])
        elif not depth:
            pieces.clear()  # some templates begin the block, so that only its end is here
        if not mark["empty"]:
            depth = max(depth - 1, 0) if is_end else depth + 1
        at = mark.end()
    return "".join(pieces if depth else [*pieces, text[at:]])


def _without_tokens(text: str) -> str:
    if start := _START.match(text):
        text = text[start.end() :]
    for end in _marks(text, _END):
        if end[0] == "</s>" and "<s>" in text[: end.start()]:
            continue  # a line struck through in HTML
        text = text[: end.start()]
        break
    tokens = [match.span() for match in _marks(text, _TOKEN)]
    starts = [0, *(end for _, end in tokens)]
    ends = [*(start for start, _ in tokens), len(text)]
    return "".join(text[start:end] for start, end in zip(starts, ends, strict=True))
