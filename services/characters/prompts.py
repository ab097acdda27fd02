"""The words by which a character is drawn: the same for the same profile, style and scene."""

from db.models import CharacterProfile
from services.characters.styles import FRAMINGS, STYLES, Scene

_BANS = "No writing, no watermark, no frame. Fully clothed, fit for everyone to see"


def build_character_prompt(
    profile: CharacterProfile,
    style: str,
    *,
    gender: str = "",
    scene: Scene = Scene.PORTRAIT,
    scene_text: str = "",
) -> str:
    """Return the prompt for a picture of a character.

    All that the profile knows is in it; what must not change comes last, where models heed it most.
    """
    framing = FRAMINGS[scene].words
    if scene == Scene.SCENE and scene_text:
        framing = f"{framing}: {scene_text}"
    told = [
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
        ("", _BANS),
        ("", "The very same person as in the reference picture, redrawn in this style"),
        ("Keep exactly", "; ".join(profile.do_not_change) or "the face of the reference"),
    ]
    return "\n".join(
        f"{label}: {_plain(text)}." if label else f"{_plain(text)}."
        for label, text in told
        if text.strip()
    )


def _plain(text: str) -> str:
    """Return material on one line that cannot end a sentence of ours early."""
    return " ".join(text.split()).rstrip(".")
