"""The prompt for a small model, such as the bundled one, and the choice among its answers.

A model of some hundred million parameters follows no rules, repeats what it reads, and tells the
time when it sees a clock. So it is shown who it is in few words, and some turns to go on with; it
answers several times, and the best answer is taken.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from db.models import Role
from services.chat.examples import read_examples
from services.chat.prompt import Prompt, PromptContext, escape_markers, macros_of
from services.embeddings import TextEmbedder
from services.llm import ChatMessage, Request, estimate, fitting_length
from services.texts import shorten

_CANDIDATES: Final = 4
# What a few sentences take: an answer that goes on for longer loses its way.
_MOST_TOKENS: Final = 52
_DEFINITION_CHARACTERS, _LORE_CHARACTERS, _LINE_CHARACTERS = 500, 200, 300
_EXAMPLES, _HISTORY = 3, 4  # messages
_PER_MESSAGE = 8  # tokens that chat templates add to a message
MAX_FACTS: Final = 2
_MOST_WORDS, _FEWEST_WORDS, _MOST_SENTENCES = 45, 4, 3
_REPEATED_WORDS = 6
_ASKED: Final = ("Hello.", "How are you?", "Go on.")
# What a model says that has nothing to say.
_STOCK: Final = re.compile(
    r"sorry (?:for your|to hear|about)|as an ai|language model|assistant|real[- ]time|"
    r"i (?:don't|do not|can't|cannot) have (?:the|a|any|personal)|(?:how|what) (?:can|may) i |"
    r"happy to (?:help|assist)|here (?:to|for) (?:help|assist|you)|feel free|let me know|"
    r"glad (?:you|to)|(?:i'll|i will) be (?:here|there)|tomorrow|reaching out|thank you for|"
    r"thanks for|important to|i understand|in conclusion|once upon|is there anything|"
    r"as a (?:character|creative)|the user|typo\b|@\w|\bbitch|roleplay|\buser\b",
    re.IGNORECASE,
)
_LABEL: Final = re.compile(r"(?:^|\n)[^\S\n]*[*\[(]?[A-Z][\w. ]{0,30}:\s")
_SENTENCE: Final = re.compile(r".+?(?:[.!?…]+[\"”’')*]*(?=\s|$)|$)", re.DOTALL)
_COMPLETE: Final = re.compile(r"[.!?…][\"”’')*]*$|\*$")
_NAME: Final = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]+")
_FIRST_PERSON: Final = re.compile(r"\b(?:i|me|my|mine|i'm|i've|i'll|i'd)\b", re.IGNORECASE)
_ASKS_WHETHER_HUMAN: Final = re.compile(
    r"\b(?:are|r) (?:you|u) (?:really |actually |just |even )*(?:an? |the )?"
    r"(?:real\b|human|person|robot|bot\b|ai\b|a\.i\.|machine|program|computer|language model)|"
    r"\b(?:talk|speak|chat|writ)\w* (?:to|with) an? (?:real |actual )?"
    r"(?:person|human|bot|robot|ai)\b|"
    r"\bis this (?:an? )?(?:ai|bot|robot)\b",
    re.IGNORECASE,
)
_AI_INSTRUCTION: Final = "You are an AI character, and say so."
_SAYS_AI: Final = re.compile(r"\b(?:AI|A\.I\.|artificial intelligence)\b")
_AI_ANSWER: Final = "I am an AI character. What did you want to ask?"
_WORD: Final = re.compile(r"[\w']+")


def build(context: PromptContext, *, token_limit: int) -> Prompt:
    """Return a short prompt: who it is, an example or two, a few lines, and the message."""
    personality = context.personality
    macros = macros_of(context)
    name = personality.nickname or personality.name
    parts = [
        personality.character_info,
        personality.personality_traits,
        personality.personality_tone,
        *([f"Scenario: {personality.scenario}"] if personality.scenario else []),
    ]
    definition = shorten(
        macros.expand(" ".join(part for part in parts if part)), _DEFINITION_CHARACTERS
    )
    lore = [shorten(each.text, _LORE_CHARACTERS) for each in context.lore[:1]]
    task = _AI_INSTRUCTION if _ASKS_WHETHER_HUMAN.search(context.message) else ""
    system = "\n".join(
        [
            f"You are {name}. {definition}",
            *lore,
            f"Answer as {name}, in one or two sentences. {task}".strip(),
        ]
    )
    beginning = _fit(ChatMessage("system", system), token_limit // 2)
    room = token_limit - _tokens(beginning)
    message = _without_call(context.message, personality.name)
    if known := _known(context):  # where it is read next to the question, it is used
        message = f"({known}) {message}"
    asked = [ChatMessage("user", message), *_reworked(context)]
    turns: list[ChatMessage] = []
    for turn in reversed([*_examples(context), *_history(context), *asked]):
        if turns and _tokens(turn) > room:
            break
        turns.insert(0, _fit(turn, room))
        room -= _tokens(turns[0])
    messages = (beginning, *turns)
    return Prompt(
        messages=messages,
        tokens=sum(map(_tokens, messages)),
        instructions=beginning.content,
    )


def to_request(request: Request, prompt: Prompt) -> Request:
    """Return a request for several short answers to a prompt."""
    sampling = request.sampling
    most = min(sampling.max_tokens or _MOST_TOKENS, _MOST_TOKENS)
    return replace(
        request,
        messages=prompt.messages,
        sampling=replace(sampling, max_tokens=most),
        candidates=_CANDIDATES,
    )


def tidy(text: str) -> str:
    """Return the first sentences of an answer, up to what another says and to what is unfinished.

    Nothing is left of an answer without a whole sentence.
    """
    if label := _LABEL.search(text):
        text = text[: label.start()] if label.start() else text[label.end() :]
    sentences: list[str] = []
    for sentence in _SENTENCE.findall(" ".join(text.split())):
        words = len(" ".join([*sentences, sentence]).split())
        is_repeated = sentence.strip() in sentences
        if len(sentences) == _MOST_SENTENCES or words > _MOST_WORDS or is_repeated:
            break
        if not _COMPLETE.search(sentence.strip()):
            break
        sentences.append(sentence.strip())
    return " ".join(sentences)


async def choose(
    texts: Sequence[str], context: PromptContext, prompt: Prompt, embedder: TextEmbedder
) -> str:
    """Return the best of several answers, without what is not whole.

    It fits the question and the character, by the cosine of their embeddings, speaks for itself,
    and neither recites the prompt nor says what anybody says. Asked whether it is human, it says
    what it is.
    """
    tidied = [tidy(each) for each in texts]
    if _ASKS_WHETHER_HUMAN.search(context.message):
        tidied = [each for each in tidied if _SAYS_AI.search(each)] or [_AI_ANSWER]
    vectors = await embedder.embed([context.message, prompt.instructions, *tidied])
    question, character = vectors[:2]
    seen = " ".join(each.content for each in prompt.messages)
    scores = [
        _cosine(vector, question)
        + 0.5 * _cosine(vector, character)
        + 0.5 * _tells(text, context)
        - _faults(text, seen, context)
        for text, vector in zip(tidied, vectors[2:], strict=True)
    ]
    return tidied[max(range(len(tidied)), key=scores.__getitem__)]


def _known(context: PromptContext) -> str:
    """Return what is known and has to do with the message."""
    facts = (f"{each.subject} {each.statement}." for each in context.facts[:MAX_FACTS])
    return escape_markers(" ".join(facts))


def _tells(text: str, context: PromptContext) -> bool:
    """Whether an answer has a name of what is known, that of who asks aside."""
    names = {*_NAME.findall(_known(context))} - set(context.speaker_name.split())
    return any(name in text for name in names)


def _faults(text: str, seen: str, context: PromptContext) -> float:
    """Return how much there is against an answer; 1 is more than any fit makes up for."""
    words = _WORD.findall(text.lower())
    name = context.personality.nickname or context.personality.name
    return (
        2.0 * (len(words) < _FEWEST_WORDS)
        + 1.0 * bool(_STOCK.search(text))
        + 1.0 * bool(_runs(text) & _runs(seen))
        + 1.0 * any(each.lower() not in seen.lower() for each in _NAME.findall(text))
        + 0.5 * (name.split()[-1].lower() in text.lower())
        + 0.3 * (not _FIRST_PERSON.search(text))
        + 0.5 * _loops(words)
    )


def _loops(words: Sequence[str]) -> float:
    """Return the share of pairs of words that were there before."""
    pairs = list(pairwise(words))
    return 1 - len(set(pairs)) / len(pairs) if pairs else 0.0


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    last = len(words) - _REPEATED_WORDS + 1
    return {tuple(words[n : n + _REPEATED_WORDS]) for n in range(last)}


def _cosine(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def _examples(context: PromptContext) -> list[ChatMessage]:
    """Return first words and examples as turns, each after something that may have been said."""
    macros = macros_of(context)
    personality = context.personality
    first = [macros.expand(personality.first_message)] if personality.first_message else []
    turns = [each for block in read_examples(personality, macros) for each in block]
    lines = [] if turns else (personality.conversational_examples or "").splitlines()
    spoken = [*first, *(macros.expand(line) for line in lines if line)]
    shown: list[ChatMessage] = []
    for asked, answer in zip(_ASKED, spoken, strict=False):
        shown += [ChatMessage("user", asked), ChatMessage("assistant", _short(answer))]
    return [*shown, *turns[: 2 * _EXAMPLES]][: 2 * _EXAMPLES]


def _history(context: PromptContext) -> list[ChatMessage]:
    """Return the last lines between people and this personality.

    What others say to others it would take for its own.
    """
    own, name = context.personality.id, context.personality.name
    first = context.personality.first_message
    lines = [
        line
        for line in context.history
        if line.personality_id == own and line.content != first and not line.is_picture
    ]
    return [
        ChatMessage(
            "assistant" if line.role == Role.ASSISTANT else "user",
            _short(_without_call(line.content, name)),
        )
        for line in lines[-_HISTORY:]
    ]


def _without_call(text: str, name: str) -> str:
    """Return a message without the name that it calls."""
    return re.sub(rf"@{re.escape(name)}[,:]?\s*", "", text, flags=re.IGNORECASE).strip() or text


def _reworked(context: PromptContext) -> list[ChatMessage]:
    """Return an answer that is to be changed, and how."""
    if context.reworked is None:
        return []
    return [
        ChatMessage("assistant", _short(context.reworked.answer)),
        ChatMessage("user", _short(context.reworked.instruction)),
    ]


def _fit(message: ChatMessage, token_limit: int) -> ChatMessage:
    room = max(0, token_limit - _PER_MESSAGE)
    return ChatMessage(message.role, message.content[: fitting_length(message.content, room)])


def _short(text: str) -> str:
    return shorten(text, _LINE_CHARACTERS)


def _tokens(message: ChatMessage) -> int:
    return estimate(message.content) + _PER_MESSAGE
