"""Prompts for images of characters."""

import itertools
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import CharacterProfile
from services.characters import STYLES, PhotoRefused, Scene, build_character_prompt
from services.characters.vision import PhotoAnswer
from tests.services.character_support import SEEN


def profile(**changes: Any) -> CharacterProfile:
    answer = PhotoAnswer.model_validate({**SEEN, **changes})
    described: dict[str, Any] = answer.profile_fields()
    return CharacterProfile(character_id=UUID(int=0), model="m", **described)


@pytest.mark.parametrize(("style", "scene"), [*itertools.product(STYLES, Scene)])
def test_everything_known_is_in_every_prompt_and_what_stays_comes_last(
    style: str, scene: Scene
) -> None:
    known = profile()
    prompt = build_character_prompt(
        known, style, gender="female", scene=scene, scene_text="on a pier"
    )

    assert STYLES[style].tokens in prompt
    assert ("on a pier" in prompt) == (scene == Scene.SCENE)
    for field, value in SEEN.items():
        texts = cast("list[Any]", value) if isinstance(value, list) else [value]
        for text in texts:
            assert not isinstance(text, str) or text in prompt, field
    assert prompt.endswith("Keep exactly: a scar through the left eyebrow.")
    assert prompt == build_character_prompt(
        profile(), style, gender="female", scene=scene, scene_text="on a pier"
    )


def test_there_are_the_styles_that_were_promised() -> None:
    assert {"watercolor", "storybook", "anime", "flat", "colored-pencil"} <= STYLES.keys()
    assert len(STYLES) >= 10
    assert len({style.tokens for style in STYLES.values()}) == len(STYLES)


@given(
    st.fixed_dictionaries(
        {name: st.text(max_size=400) for name in ("hair", "eyes", "skin", "face", "clothing")}
        | {name: st.lists(st.text(max_size=200), max_size=30) for name in ("features",)}
    )
)
def test_whatever_a_model_says_it_saw_stays_on_its_line(reply: dict[str, Any]) -> None:
    known = profile(**reply)
    prompt = build_character_prompt(known, "ink")

    assert len(known.features) <= 8
    assert all(0 < len(each) <= 80 for each in known.features)
    assert len(prompt) < 6000
    assert prompt.splitlines()[-1].startswith("Keep exactly: ")
    assert "\0" not in prompt


def test_features_hold_what_must_not_change() -> None:
    known = profile(features=["a", "a", "none", ""], do_not_change=["b", "a"])

    assert known.features == ["b", "a"]
    assert known.do_not_change == ["b", "a"]


def test_one_person_dressed_and_whole() -> None:
    PhotoAnswer.model_validate(SEEN).check()
    for flaw in ({"people": 0}, {"people": 3}, {"is_sexual": True}, {"is_violent": True}):
        with pytest.raises(PhotoRefused):
            PhotoAnswer.model_validate({**SEEN, **flaw}).check()
