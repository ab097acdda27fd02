"""The styles and scenes of pictures, as data."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Style:
    """A style of drawing: its label for people, and its part of the prompt.

    A style that is not `for_all` is for adult characters only.
    """

    label: str
    tokens: str
    for_all: bool = True


STYLES: Mapping[str, Style] = {
    "watercolor": Style("Watercolour", "soft watercolor wash, paper texture, subtle grain"),
    "storybook": Style("Storybook", "classic storybook illustration, warm tones, gentle line"),
    "anime": Style("Anime", "anime, clean lines, bright eyes, cel shading"),
    "flat": Style("Flat", "flat illustration, bold shapes, minimal shading"),
    "colored-pencil": Style("Coloured pencil", "colored pencil drawing, texture, visible strokes"),
    "oil": Style("Oil painting", "oil painting on canvas, rich impasto, soft window light"),
    "comic": Style("Comic", "comic book art, confident ink outlines, halftone shading"),
    "ink": Style("Ink", "black ink drawing, brush and nib, a little grey wash, white ground"),
    "pixel": Style("Pixel art", "detailed pixel art, limited palette, crisp edges, no blur"),
    "clay": Style(
        "Clay figure", "handmade clay figure, stop-motion look, fingerprints, soft light"
    ),
    "paper-cut": Style("Paper cut", "layered paper cut-out, visible edges, small shadows"),
    "vintage-poster": Style("Vintage poster", "1930s travel poster, few colors, strong silhouette"),
    "noir": Style("Noir", "film noir illustration, hard shadows, rain, night", for_all=False),
    "dark-fantasy": Style(
        "Dark fantasy", "dark fantasy painting, dramatic light, weathered detail", for_all=False
    ),
}


class Scene(StrEnum):
    """The subject of a picture of a character."""

    PORTRAIT = "portrait"
    FULL_BODY = "full body"
    EXPRESSIONS = "expressions"
    SCENE = "scene"


@dataclass(frozen=True)
class Framing:
    """How a scene is framed: its part of the prompt, and the aspect ratio of the picture."""

    prompt: str
    aspect: str


# What an expression sheet shows, row by row.
EXPRESSIONS = ("happy", "sad", "angry", "surprised", "thoughtful", "laughing")
SHEET_COLUMNS, SHEET_ROWS = 3, 2

FRAMINGS: Mapping[Scene, Framing] = {
    Scene.PORTRAIT: Framing(
        "Portrait of one person, head and shoulders, facing the viewer, friendly light, "
        "plain background",
        "1:1",
    ),
    Scene.FULL_BODY: Framing(
        "One person from head to feet, standing, friendly light, plain background", "3:4"
    ),
    Scene.EXPRESSIONS: Framing(
        "Expression sheet of one person: the same head six times in a grid of three by two, "
        f"{', '.join(EXPRESSIONS[:-1])} and {EXPRESSIONS[-1]}",
        "4:3",
    ),
    Scene.SCENE: Framing("One person in this scene", "4:3"),
}
