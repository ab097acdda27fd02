"""Macros of cards and lorebooks: `{{char}}`, `{{random::a::b}}` and what else SillyTavern knows.

Only texts of makers and operators are expanded, and only once: what a macro stands for is never
read as a macro again. The macros: https://docs.sillytavern.app/usage/core-concepts/macros/.
"""

from services.macros.expansion import MAX_LENGTH, Macros, MacroValues, is_volatile, unknown_macros

__all__ = [
    "MAX_LENGTH",
    "MacroValues",
    "Macros",
    "is_volatile",
    "unknown_macros",
]
