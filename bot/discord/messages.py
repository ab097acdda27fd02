"""What people are told, one template an error class.

A catalogue is one language: `bot.discord.locales.english` is the one that ships. Another language
is another module with another `Catalogue`, entered in `CATALOGUES`.

Templates are `str.format` templates over the error's fields. Text is escaped by the renderer, so
that no name of a user is Markdown. What stands in `[[…]]` is left out where a field in it is empty
or None. A tuple of templates is a choice: the first whose fields outside of brackets are all there.

Format specs besides Python's own:

- `{model:code}`: as code, where Markdown does nothing.
- `{at:time}`: a `datetime`, as each reader's Discord shows it.
- `{retry_after:wait}`: seconds as "in 12 seconds", or "in a minute" where nobody knows.
- `{limit_bytes:megabytes}`: bytes as megabytes.
- `{missing:permissions}`: names of Discord's permissions, as people know them.
- `{status:term}`: the catalogue's term for a value, such as a member of a `StrEnum`.
"""

import math
import re
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, cast

import discord
from discord import app_commands
from typing_extensions import override

from services.texts import on_one_line

MAX_TEXT = 200
_OPTIONAL = re.compile(r"\[\[((?:(?!\[\[|\]\]).)*)\]\]", re.DOTALL)

Template: TypeAlias = str | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """One language.

    `messages` are found by the class of an error or by one of its bases. `terms` are words for
    values: by the value, or by the enum and the value with a
    colon between. `commands` are names and descriptions of commands and options by the
    English ones, which stand in the code.
    """

    messages: Mapping[type[BaseException], Template]
    terms: Mapping[str, str]
    internal_error: str
    unexplained: str
    wait_seconds: str
    wait_unknown: str
    commands: Mapping[str, str] = field(default_factory=dict[str, str])

    def render(self, error: BaseException) -> str | None:
        """Return what an error says, or None where no class of it is in the catalogue."""
        template = next(
            (self.messages[kind] for kind in type(error).__mro__ if kind in self.messages), None
        )
        if template is None:
            return None
        renderer = _Renderer(self)
        choices = (template,) if isinstance(template, str) else template
        for choice in choices[:-1]:
            if not renderer.missing(_OPTIONAL.sub("", choice), error):
                return renderer.render(choice, error)
        return renderer.render(choices[-1], error)


class Translator(app_commands.Translator):
    """Names of commands in other languages than the code's own."""

    def __init__(self, catalogues: Mapping[discord.Locale, Catalogue]) -> None:
        self._catalogues = catalogues

    @override
    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        catalogue = self._catalogues.get(locale)
        return catalogue.commands.get(string.message) if catalogue else None


def escape(text: str) -> str:
    """Return text of users on one line, cut, so that Markdown and masked links in it do nothing."""
    return discord.utils.escape_markdown(on_one_line(text[: 4 * MAX_TEXT])[:MAX_TEXT]).replace(
        "[", "\\["
    )


def code(text: str) -> str:
    """Return text of users as code, where Markdown does nothing, not even a backslash."""
    return f"`{text[:MAX_TEXT].replace('`', 'ˋ')}`"


def timestamp(at: datetime, style: str = "f") -> str:
    """Return a time as everyone's Discord shows it by their own clock."""
    return f"<t:{int(at.timestamp())}:{style}>"


class _Renderer(string.Formatter):
    """Fills templates with fields of an error."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._specs: Mapping[str, Callable[[Any], str]] = {
            "code": lambda value: code(str(value)),
            "time": timestamp,
            "wait": self._wait,
            "permissions": _permissions,
            "megabytes": lambda size: f"{size / 1e6:.0f}",
            "term": self._term,
        }

    def render(self, template: str, error: BaseException) -> str:
        def optional(match: re.Match[str]) -> str:
            return "" if self.missing(match[1], error) else match[1]

        return self.vformat(_OPTIONAL.sub(optional, template), (), _Fields(error))

    def missing(self, template: str, error: BaseException) -> bool:
        """Whether a field that a template names is None or empty."""
        fields = _Fields(error)
        return any(
            fields[name] is None or fields[name] in ("", ())
            for _, name, _, _ in self.parse(template)
            if name
        )

    @override
    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec in self._specs:
            return self._specs[format_spec](value)
        if isinstance(value, str):
            return escape(value)
        if isinstance(value, tuple):
            parts: Iterable[object] = cast("tuple[object, ...]", value)
            return ", ".join(escape(str(part)) for part in parts)
        if isinstance(value, float) and math.isinf(value):
            return self._catalogue.terms["too many"]
        return format(value, format_spec)

    def _wait(self, seconds: float | None) -> str:
        if not seconds:
            return self._catalogue.wait_unknown
        return self._catalogue.wait_seconds.format(seconds=round(seconds))

    def _term(self, value: object) -> str:
        terms = self._catalogue.terms
        qualified = f"{type(value).__name__}:{value}"
        return terms.get(qualified) or terms.get(str(value)) or escape(str(value))


def _permissions(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ").title() for name in names)


class _Fields(Mapping[str, Any]):
    """The fields of an error as a mapping."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    @override
    def __getitem__(self, name: str) -> Any:
        return getattr(self._error, name)

    @override
    def __iter__(self) -> Any:
        return iter(vars(self._error))

    @override
    def __len__(self) -> int:
        return len(vars(self._error))
