"""The prompt of a picture, which depends only on the profile, the style and the scene."""

from db.models import CharacterProfile
from services.characters.styles import FRAMINGS, STYLES, Scene

_RESTRICTIONS = "No writing, no watermark, no frame. Fully clothed, fit for everyone to see"


def build_character_prompt(
    profile: CharacterProfile,
    style: str,
    *,
    gender: str = "",
    scene: Scene = Scene.PORTRAIT,
    scene_text: str = "",
) -> str:
    """Return the prompt for a picture of a character.

    It has the whole profile; what must not change comes last, where models follow it best.
    """
    framing = FRAMINGS[scene].prompt
    if scene == Scene.SCENE and scene_text:
        framing = f"{framing}: {scene_text}"
    sections = [
        ("", framing),
        ("Style", STYLES[style].tokens),
        ("Who", ", ".join(filter(None, (gender, profile.age_band)))),
        ("Hair", profile.hair),
        ("Eyes", profile.eyes),
        ("Skin", profile.skin),
        ("Face", profile.face),
        ("Build", profile.build),
        ("Wears", profile.clothing),
        ("With", ", ".join(profile.accessories)),
        ("Known by", ", ".join(profile.features)),
        ("Palette", ", ".join(profile.color_palette)),
        ("", _RESTRICTIONS),
        ("", "The very same person as in the reference picture, redrawn in this style"),
        ("Keep exactly", "; ".join(profile.do_not_change) or "the face of the reference"),
    ]
    return "\n".join(
        f"{label}: {_one_line(text)}." if label else f"{_one_line(text)}."
        for label, text in sections
        if text.strip()
    )


def _one_line(text: str) -> str:
    """Return a text on one line, without a final period, so that it fits into a sentence."""
    return " ".join(text.split()).rstrip(".")
