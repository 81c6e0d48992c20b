"""The rater: order, independence of neighbours, bad texts, labels, failing runs, confidence and cache."""

import json
import math
import random
import shutil
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.manifest import SCORES, ModelError, load_manifest
from udfs.models.rater import Rater, Rating, _OnnxRater, confidence_of, load_rater
from udfs.models.session import open_session
from udfs.models.tokens import load_tokenizer

ROOT = Path(__file__).parents[2]
TINY = ROOT / "tests/data/tiny-rater"
SHIPPED = ROOT / "models/rater-e5-v2"
SENTENCE = "the of page text crawl corpus quality score wheat, engine; 42 - (law) Market"
WORDS = SENTENCE.split()


def made_up_texts(count: int, longest: int) -> list[str]:
    dice = random.Random(5)
    return [" ".join(dice.choices(WORDS, k=dice.randint(1, longest))) for _ in range(count)]


@pytest.fixture(scope="module")
def tiny() -> Rater:
    return load_rater(TINY, threads=1)


@pytest.mark.parametrize(("model", "longest"), [(TINY, 90), (SHIPPED, 60)], ids=["tiny", "shipped"])
def test_a_rating_depends_on_its_text_alone(model: Path, longest: int) -> None:
    rate = load_rater(model, threads=1)
    texts = made_up_texts(64, longest)
    alone = [rate([text])[0] for text in texts]
    assert rate(texts) == alone
    assert [one for start in range(0, 64, 7) for one in rate(texts[start : start + 7])] == alone
    shuffled = random.Random(1).sample(range(64), 64)
    assert rate([texts[row] for row in shuffled]) == [alone[row] for row in shuffled]
    assert load_rater(model, threads=2)(texts) == alone


def copy_with(folder: Path, **changes: Any) -> Path:
    shutil.copytree(TINY, folder)
    content = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(content | changes))
    return folder


def test_shared_runs_pad_rightly_but_are_not_exact(tiny: Rater, tmp_path: Path) -> None:
    """Why `rows_per_run` is 1: eight texts in a run are rated nearly as alone (the padding is masked), not exactly."""
    texts = made_up_texts(40, 40)
    alone, shared = tiny(texts), load_rater(copy_with(tmp_path / "eight", rows_per_run=8), threads=1)(texts)
    assert shared != alone
    for one, other in zip(alone, shared, strict=True):
        assert isinstance(one, Rating)
        assert isinstance(other, Rating)
        assert np.allclose(one.expected, other.expected, atol=0.15)
        assert one.tokens == other.tokens


def test_labels_follow_the_manifest() -> None:
    """Oracle: the graph run by hand, its columns named by the manifest (the tiny model's order is reversed)."""
    manifest, text = load_manifest(TINY), "the page of the crawl"
    ids = load_tokenizer(TINY / "tokenizer.json").encode(text, add_special_tokens=False).ids
    inputs = np.array([[2, *ids, 3]])
    session = open_session(TINY / "model.onnx", threads=1)
    scores, domains = session.run(["scores", "domains"], {"input_ids": inputs, "attention_mask": np.ones_like(inputs)})
    by_name = dict(zip(manifest.scores, scores[0], strict=True))
    odds = np.exp(domains[0].astype(float))
    rating = load_rater(TINY, threads=1)([text])[0]
    assert isinstance(rating, Rating)
    assert rating.expected == pytest.approx([np.clip(by_name[name], 1, 5) for name in CRITERIA])
    assert rating.edu_expected == pytest.approx(np.clip(by_name["edu"], 0, 5))
    assert rating.format_expected == pytest.approx(np.clip(by_name["format"], 0, 5))
    assert rating.domain == manifest.domains[int(odds.argmax())]
    assert rating.domain_probability == pytest.approx(odds.max() / odds.sum())


def test_bad_texts_leave_their_neighbours_alone(tiny: Rater) -> None:
    good = "the text of a page"
    found = tiny([good, "", " \n\t ", "\ud800", good, None, 7, "\0", good])  # type: ignore[list-item] # a null in a column
    alone = tiny([good])[0]
    assert [found[row] for row in (0, 4, 8)] == [alone] * 3
    assert [type(found[row]) for row in (1, 2, 3, 5, 6, 7)] == [str] * 6
    assert tiny([]) == []


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=300)


@settings(deadline=None)
@given(st.lists(ANY_TEXT, max_size=5))
def test_any_text_is_rated_or_explained(texts: list[str]) -> None:
    ratings = load_rater(TINY, threads=1)(texts)
    assert len(ratings) == len(texts)
    for rating in ratings:
        if isinstance(rating, str):
            assert rating
            continue
        assert rating.domain in DOMAINS
        assert len(rating.scores) == len(rating.expected) == len(CRITERIA)
        for score, expected in zip(rating.scores, rating.expected, strict=True):
            assert 1 <= score <= 5
            assert abs(score - expected) <= 0.5
        assert 0 <= rating.edu <= 5
        assert 0 <= rating.format <= 5
        assert 0 < rating.domain_probability <= 1
        assert 0 < rating.confidence <= 1
        assert rating.tokens > 0


def test_a_huge_text_is_counted_and_seen_at_both_ends(tiny: Rater) -> None:
    start = time.monotonic()
    huge, ends = tiny(["the page " * 400_000, ("the page " * 12 + "the page " * 4)])
    assert isinstance(huge, Rating)
    assert isinstance(ends, Rating)
    assert huge.tokens == 800_000
    assert huge._replace(tokens=ends.tokens) == ends
    assert time.monotonic() - start < 20
    assert isinstance(tiny(["x" * 3_000_000])[0], Rating)


class FakeSession:
    """Gives what it is told to, and fails on texts that hold the token 9."""

    def __init__(self, score: float) -> None:
        self.score = score

    def run(self, _names: list[str], inputs: dict[str, Any]) -> tuple[Any, Any]:
        if (inputs["input_ids"] == 9).any():
            raise MemoryError
        rows = len(inputs["input_ids"])
        return np.full((rows, len(SCORES)), self.score, np.float32), np.zeros((rows, len(DOMAINS)), np.float32)


@pytest.mark.parametrize("rows_per_run", [1, 4])
def test_a_failing_run_costs_one_text(rows_per_run: int) -> None:
    manifest = load_manifest(TINY).model_copy(update={"rows_per_run": rows_per_run})
    rate = _OnnxRater(manifest, load_tokenizer(TINY / "tokenizer.json"), FakeSession(2.5))
    bad = next(word for word in ("a", "is", "in", "to", "and") if 9 in rate._tokenizer.encode(word).ids)
    found = rate(["the", bad, "of", "the the"])
    assert found[1] == "the model failed on the text (MemoryError)"
    ratings = [one for one in found if isinstance(one, Rating)]
    assert len(ratings) == 3
    assert all(one.scores == (3,) * 14 for one in ratings)  # 2.5 rounds up


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_numbers_that_are_none_are_no_rating(score: float) -> None:
    rate = _OnnxRater(load_manifest(TINY), load_tokenizer(TINY / "tokenizer.json"), FakeSession(score))
    assert rate(["the"]) == ["the model gave no finite numbers for the text"]


class SureSession(FakeSession):
    """Gives logits of the classes too, all even for accuracy; each output by its name."""

    def __init__(self, score: float, classes: list[float]) -> None:
        super().__init__(score)
        names = load_manifest(TINY).scores
        self.logits = [logit for name in names for logit in ([0.0] * 6 if name == "accuracy" else classes)]

    def run(self, names: list[str], inputs: dict[str, Any]) -> list[Any]:
        scores, domains = super().run(names, inputs)
        known = {"scores": scores, "domains": domains}
        classes = np.array([self.logits] * len(scores), np.float32)
        return [known.get(name, classes) for name in names]


def test_integers_and_confidence_come_from_the_classes() -> None:
    """By hand: of 1 to 5 with the odds 2, 1, 3, 1, 1 the median is 3; of 0 to 5 with 9 more for the 0 it is 0."""
    logits = [math.log(odds) for odds in (9, 2, 1, 3, 1, 1)]
    manifest = load_manifest(TINY).model_copy(update={"classes": True})
    tokenizer = load_tokenizer(TINY / "tokenizer.json")
    rating = _OnnxRater(manifest, tokenizer, SureSession(5.8, logits))(["the"])[0]
    assert isinstance(rating, Rating)
    assert rating.scores == (3,) * 14  # of five that are even, too
    assert (rating.edu, rating.format) == (0, 0)
    assert rating.confidence == pytest.approx(3 / 8)
    assert rating.keep_probability == pytest.approx(5 / 17 + 1 / 17 * 2 / 17)
    mean = (2 * 1 + 1 * 2 + 3 * 3 + 1 * 4 + 1 * 5) / 8
    assert rating.expected[1] == pytest.approx((5 + mean) / 2)  # 5.8 is more than there is
    assert rating.edu_expected == pytest.approx((5 + mean * 8 / 17) / 2)
    for bad in (SureSession(5.8, [math.nan] * 6), SureSession(math.nan, logits)):
        assert _OnnxRater(manifest, tokenizer, bad)(["the"]) == ["the model gave no finite numbers for the text"]


@given(st.floats(1, 5), st.floats(0.1, 2))
def test_confidence_is_the_share_of_a_normal_distribution(expected: float, deviation: float) -> None:
    normal = statistics.NormalDist(expected, deviation)
    rounded = math.floor(expected + 0.5)
    below = 0.0 if rounded == 1 else normal.cdf(rounded - 0.5)
    above = 1.0 if rounded == 5 else normal.cdf(rounded + 0.5)
    assert confidence_of(expected, deviation) == pytest.approx(above - below, abs=1e-9)


def test_a_damaged_folder_is_not_loaded(tmp_path: Path) -> None:
    damaged = copy_with(tmp_path / "damaged", name="damaged")
    (damaged / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json has the SHA-256"):
        load_rater(damaged, threads=1)


def test_a_second_load_is_free() -> None:
    first = load_rater(TINY, threads=1)
    start = time.perf_counter()
    assert load_rater(str(TINY), threads=1) is first
    assert time.perf_counter() - start < 0.1
    assert load_rater(TINY, threads=2) is not first
