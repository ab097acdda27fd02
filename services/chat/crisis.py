"""Words at which a character stops being one."""

import re

_CRISIS = re.compile(
    r"""\b(
        (i|i'm|im|i\ am|i'll|i\ will|i\ want|gonna|going\ to|want\ to|wanna)\b[^.!?\n]{0,30}\b
            (kill(ing)?\ (myself|my\ self)|end(ing)?\ (my\ life|it\ all)|commit(ting)?\ suicide
             |hang(ing)?\ myself|cut(ting)?\ myself|hurt(ing)?\ myself|harm(ing)?\ myself)
        |i\ (want|wanna|wish)\ (to|i\ (was|were)|I'd)\ (die|dead|be\ dead)
        |(i'm|im|i\ am|feeling|i\ feel)\ suicidal
        |ich\ (will|möchte)\ (mich\ umbringen|sterben|nicht\ mehr\ leben)
        |quiero\ (morir(me)?|matarme|suicidarme)
        |je\ (veux|voudrais)\ (mourir|me\ tuer|me\ suicider)
        |quero\ (morrer|me\ matar)
        |voglio\ (morire|uccidermi|suicidarmi)
        |хочу\ (умереть|покончить\ с\ собой)
    )\b|死にたい|自殺したい|想自杀|我想死""",
    re.VERBOSE | re.IGNORECASE,
)


def is_crisis(text: str) -> bool:
    """Whether a person may be speaking of harming themselves.

    It errs towards seeing a crisis: the answer it leads to is kind, and hurts nobody.
    """
    return _CRISIS.search(text.replace("’", "'")) is not None
