"""Requests to Gemini, in the types of its SDK."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from google.genai import types

from services.llm.chat_templates import ChatTemplate, without_tools
from services.llm.types import ChatMessage, Request

VENDOR: Final = "gemini"

# Moderating what users say to each other is up to Discord and the server's moderators.
_HARM_CATEGORIES = (
    types.HarmCategory.HARM_CATEGORY_HARASSMENT,
    types.HarmCategory.HARM_CATEGORY_HATE_SPEECH,
    types.HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT,
    types.HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT,
)
# Its instruction is one text; what a system says later is a user's message.
_TEMPLATE = ChatTemplate(is_system_first=True)
_THRESHOLD = types.HarmBlockThreshold.BLOCK_ONLY_HIGH


def contents_of(request: Request) -> list[types.ContentUnionDict]:
    """Return the messages of a request, except those of the system."""
    messages = request.messages
    if any(each.calls and not _is_own(each) for each in messages):
        messages = without_tools(messages)  # calls without Gemini's signatures are refused
    fitted = (each for each in _TEMPLATE.fit(messages) if each.role != "system")
    # The results of one turn are one content.
    grouped = groupby(fitted, key=lambda each: each.answers is not None)
    return [
        content
        for is_result, group in grouped
        for content in ([_results(group)] if is_result else map(_content, group))
    ]


def _results(messages: Iterable[ChatMessage]) -> types.Content:
    parts = [
        types.Part.from_function_response(name=each.answers.name, response={"result": each.content})
        for each in messages
        if each.answers is not None
    ]
    return types.Content(role="user", parts=parts)


def _is_own(message: ChatMessage) -> bool:
    return message.native is not None and message.native.vendor == VENDOR


def _content(message: ChatMessage) -> types.Content:
    if message.native is not None and _is_own(message):
        return message.native.value
    # An image may come without text, and an empty text part is rejected.
    parts = [types.Part(text=message.content)] if message.content else []
    parts += [
        types.Part.from_bytes(data=image.data, mime_type=image.media_type)
        for image in message.images
    ]
    return types.Content(role="model" if message.role == "assistant" else "user", parts=parts)


def config_of(request: Request) -> types.GenerateContentConfig:
    """Return everything else of a request: what the system says, sampling and functions."""
    sampling = request.sampling
    system = "\n\n".join(m.content for m in _TEMPLATE.fit(request.messages) if m.role == "system")
    config = unmoderated()
    config.system_instruction = system or None
    config.temperature = sampling.temperature
    config.top_p = sampling.top_p
    config.top_k = sampling.top_k
    config.frequency_penalty = sampling.frequency_penalty
    config.presence_penalty = sampling.presence_penalty
    config.max_output_tokens = sampling.max_tokens
    if request.tools:
        functions = [
            types.FunctionDeclaration(
                name=each.name,
                description=each.description,
                parameters_json_schema=dict(each.parameters),
            )
            for each in request.tools
        ]
        config.tools = [types.Tool(function_declarations=functions)]
        if request.must_answer:
            mode = types.FunctionCallingConfigMode.NONE
            config.tool_config = types.ToolConfig(
                function_calling_config=types.FunctionCallingConfig(mode=mode)
            )
    return config


def unmoderated() -> types.GenerateContentConfig:
    """Return a config without moderation of our own."""
    return types.GenerateContentConfig(
        safety_settings=[
            types.SafetySetting(category=c, threshold=_THRESHOLD) for c in _HARM_CATEGORIES
        ]
    )
