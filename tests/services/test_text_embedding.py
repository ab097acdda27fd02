"""Embeddings of text where there is no library of word vectors."""

import numpy as np
import pytest

from services.embeddings import DIMENSIONS, HashedWordsEmbedder, registry, text_embedder


@pytest.fixture
def embedder(monkeypatch: pytest.MonkeyPatch) -> HashedWordsEmbedder:
    def find_nothing(_: str) -> None:
        return None

    monkeypatch.setattr(registry, "find_spec", find_nothing)
    embedder = text_embedder()
    assert isinstance(embedder, HashedWordsEmbedder)
    return embedder


@pytest.mark.parametrize(
    ("query", "right", "wrong"),
    [
        (
            "the lighthouse lamp",
            "She cleans the lamp of the lighthouse.",
            "He bakes bread at dawn.",
        ),
        ("wie heißt dein Hund", "Mein Hund heißt Bello.", "Das Wetter ist schön."),
        ("猫は好き?", "猫が好きです。", "電車で行きます。"),
        ("gardening", "My garden has roses.", "The ferry leaves at nine."),
    ],
)
async def test_texts_with_the_same_words_are_near_each_other(
    embedder: HashedWordsEmbedder, query: str, right: str, wrong: str
) -> None:
    asked, near, far = np.array(await embedder.embed([query, right, wrong]))

    assert asked @ near > asked @ far


@pytest.mark.parametrize("text", ["", "   ", "?!…", "\U0001f600", "a" * 100_000])
async def test_any_text_has_a_unit_vector(embedder: HashedWordsEmbedder, text: str) -> None:
    (vector,) = await embedder.embed([text])

    assert len(vector) == DIMENSIONS
    assert np.linalg.norm(vector) == pytest.approx(1)
