"""Detection of messages that suggest a person is in a crisis."""

import re

_CRISIS = re.compile(
    r"""\b(
        (i|i'm|im|i'll|i've|gonna|going\ to|want\ to|wanna)\b[^.!?]{0,30}\b
            (kill(ing)?\ (myself|my\ self)(?!\ laughing)|kms|end(ing)?\ (my\ life|it\ all)
             |tak(e|ing)\ my\ (own\ )?life|commit(ting)?\ suicide|hang(ing)?\ myself
             # Cutting a slice or getting hurt at sports is not a crisis.
             |(cut(ting)?|hurt(ing)?|harm(ing)?)\ myself
              (?!\ (an?|some|another|off|short|out|shaving|cooking|playing|at|while|lifting)\b))
        |i\ ((just|only|really|still|so)\ )?
            (want\ (to\ |(?=die))|wanna\ |wish\ (i\ (was|were)\ |to\ be\ ))
            (be\ )?(die|dead)(?!\ (my|your|his|her|their|the)\ |\ laughing)
        |i\ (do\ not|don't|dont)\ (want\ to|wanna)\ (live|be\ alive|exist)(\ any\ ?more)?
        |(i'm|im|i\ am|feeling|i\ feel)\ ((so|really|very|kind\ of)\ )?suicidal
        |ich\ (will|möchte|bring(e)?)\ (mich\ (umbringen|um)|sterben|nicht\ mehr\ leben)
        |quiero\ (morir(me)?|matarme|suicidarme)(?!\ de\ )|no\ quiero\ vivir
        |je\ (veux|voudrais)\ (mourir|me\ tuer|me\ suicider|en\ finir)(?!\ de\ )
        |(quero|vou)\ (morrer|me\ matar)(?!\ de\ )|não\ quero\ (mais\ )?viver
        |voglio\ (morire|uccidermi|ammazzarmi|suicidarmi|farla\ finita)(?!\ d)
        |хочу\ (умереть|сдохнуть|покончить\ с\ собой|убить\ себя)|не\ хочу\ (больше\ )?жить
    )\b|死にたい|自殺したい|消えてしまいたい|想自[杀殺]|不想活了|我想死(?!你|妳|他|她)""",
    re.VERBOSE | re.IGNORECASE,
)


def is_crisis(text: str) -> bool:
    """Whether a message may be about self-harm.

    It prefers false positives: the resources that are sent then do no harm.
    """
    flat = " ".join(text.replace("’", "'").split())
    return _CRISIS.search(flat) is not None
