"""Agreement with a person: figures by hand and from publications, weights, intervals that hold what they promise."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.evaluation.metrics import kappa
from jobs.judging.agreement import Opinion, agreement, resampled, share_of, weights_of, wilson


def opinions(table: dict[tuple[bool, bool], int], stratum: str = "keep") -> list[Opinion]:
    """So many of each (person, decider)."""
    return [Opinion(stratum, person, decider) for (person, decider), count in table.items() for _ in range(count)]


def test_wilson_is_the_published_interval() -> None:
    """Newcombe 1998 (Statistics in Medicine 17, 857-872), table I, method 3: the score interval without correction."""
    published = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (hits, number), interval in published.items():
        assert wilson(hits / number, number) == pytest.approx(interval, abs=5e-5)


def test_kappa_is_the_published_one() -> None:
    """Two readers of 50 grant proposals: 20 both yes, 15 both no, 5 and 10 apart (the usual worked example): 0.4."""
    assert kappa(np.array([[[20.0, 5.0], [10.0, 15.0]]]))[0] == pytest.approx(0.4)
    assert np.isnan(kappa(np.array([[[7.0, 0.0], [0.0, 0.0]]]))[0]), "both say one thing only"
    assert kappa(np.array([[[5.0, 0.0], [0.0, 2.0]]]))[0] == pytest.approx(1.0)


def test_figures_of_a_small_table() -> None:
    found = agreement(opinions({(True, True): 20, (True, False): 5, (False, True): 10, (False, False): 15}), [1.0] * 50)
    assert found.documents == 50
    assert found.agree.value == pytest.approx(0.7)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.too_lenient.value == pytest.approx(0.2)
    assert found.too_strict.value == pytest.approx(0.1)
    assert (found.agree.low, found.agree.high) == pytest.approx(wilson(0.7, 50))
    assert found.kappa.low < 0.4 < found.kappa.high
    assert found.auc.value is None, "nobody gave a score"


def test_a_document_stands_for_those_of_its_side() -> None:
    """4 of 10 agree where each stands for 30, 9 of 10 where each stands for 10: (120 + 90) / 400."""
    near = opinions({(True, True): 4, (False, True): 6}, "keep")
    far = opinions({(False, False): 9, (True, False): 1}, "drop")
    both = near + far
    weights = weights_of([one.stratum for one in both], [300] * 10 + [100] * 10)
    assert weights == [30.0] * 10 + [10.0] * 10
    found = agreement(both, weights)
    assert found.agree.value == pytest.approx(0.525)
    assert found.too_lenient.value == pytest.approx(180 / 400)
    assert found.too_strict.value == pytest.approx(10 / 400)
    effective = 400**2 / (10 * 30**2 + 10 * 10**2)
    assert (found.agree.low, found.agree.high) == pytest.approx(wilson(0.525, effective))


SCORED = st.lists(
    st.tuples(st.booleans(), st.integers(1, 5), st.sampled_from([(1, "a"), (3, "b")])), min_size=1, max_size=25
)


@given(SCORED)
def test_weighted_figures_are_the_plain_ones_of_repeated_documents(
    rows: list[tuple[bool, int, tuple[int, str]]],
) -> None:
    """AUC, kappa and shares by counting pairs and cells, each document as often as it weighs."""
    given_ = [Opinion(stratum, person, score >= 3, float(score)) for person, score, (_, stratum) in rows]
    found = agreement(given_, [float(weight) for _, _, (weight, _) in rows])
    repeated = [(person, score) for person, score, (weight, _) in rows for _ in range(weight)]
    agree = sum(person == (score >= 3) for person, score in repeated) / len(repeated)
    assert found.agree.value == pytest.approx(agree)
    keeps, says = (sum(one) / len(repeated) for one in zip(*((p, s >= 3) for p, s in repeated), strict=True))
    chance = keeps * says + (1 - keeps) * (1 - says)
    assert found.kappa.value == (pytest.approx((agree - chance) / (1 - chance)) if chance < 1 else None)
    better = [s for p, s in repeated if p]
    worse = [s for p, s in repeated if not p]
    wins = [(a > b) + (a == b) / 2 for a, b in product(better, worse)]
    assert found.auc.value == (pytest.approx(sum(wins) / len(wins)) if wins else None)


def test_a_resample_has_as_many_of_each_stratum() -> None:
    drawn = resampled(["a", "b", "a", "b", "b"], np.ones(5), seed=0)
    assert (drawn[:, [0, 2]].sum(axis=1) == 2).all()
    assert (drawn[:, [1, 3, 4]].sum(axis=1) == 3).all()
    assert len(np.unique(drawn, axis=0)) > 10
    weighted = resampled(["a", "b", "a", "b", "b"], np.array([2.0, 1, 2, 1, 1]), seed=0)
    assert (weighted == drawn * [2, 1, 2, 1, 1]).all()


@pytest.mark.parametrize("sizes", [(20, 20), (30, 10)], ids=str)
def test_intervals_hold_what_they_promise(sizes: tuple[int, int]) -> None:
    """In 600 made-up sittings the true agreement of 5,000 documents (4,000 of which agree at 0.6, 1,000 at 0.9) is
    inside the 95 % interval in 92 to 99 of 100; inside that of documents weighted alike far more seldom."""
    generator = np.random.default_rng(7)
    true = (4_000 * 0.6 + 1_000 * 0.9) / 5_000
    inside, plain = 0, 0
    strata = ["keep"] * sizes[0] + ["drop"] * sizes[1]
    weights = weights_of(strata, [4_000] * sizes[0] + [1_000] * sizes[1])
    for _ in range(600):
        hits = np.concatenate([generator.random(sizes[0]) < 0.6, generator.random(sizes[1]) < 0.9])
        found = share_of(hits, np.array(weights))
        inside += found.low <= true <= found.high
        low, high = wilson(hits.mean(), len(hits))
        plain += low <= true <= high
    assert 0.92 <= inside / 600 <= 0.99
    if sizes == (20, 20):
        assert plain < inside - 30


def test_the_bootstrap_of_kappa_holds_what_it_promises() -> None:
    """Two who agree on 80 of 100 documents, each keeping half of them: kappa is 0.6."""
    generator = np.random.default_rng(3)
    inside = 0
    for _ in range(60):
        person = generator.random(60) < 0.5
        decider = np.where(generator.random(60) < 0.8, person, ~person)
        rows = [Opinion("keep" if d else "drop", bool(p), bool(d)) for p, d in zip(person, decider, strict=True)]
        found = agreement(rows, [1.0] * 60).kappa
        inside += found.low <= 0.6 <= found.high
    assert inside >= 53


def test_few_or_no_documents_have_no_bootstrap() -> None:
    found = agreement(opinions({(True, True): 2, (False, False): 2}), [1.0] * 4)
    assert found.kappa == (1.0, None, None)
    assert found.agree.high == pytest.approx(1.0)
    nothing = agreement([], [])
    assert nothing.documents == 0
    assert nothing.agree.value is None
    assert nothing.kappa.value is None


def test_it_is_what_scikit_learn_says() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(1)
    for _ in range(50):
        count = int(generator.integers(6, 60))
        person = generator.random(count) < 0.6
        scores = generator.integers(1, 6, count).astype(float)
        weights = generator.integers(1, 9, count) / 4
        if len(set(person)) < 2:
            continue
        rows = [Opinion("s", bool(p), s >= 3, s) for p, s in zip(person, scores, strict=True)]
        found = agreement(rows, weights)
        assert found.auc.value == pytest.approx(metrics.roc_auc_score(person, scores, sample_weight=weights))
        assert found.kappa.value == pytest.approx(
            metrics.cohen_kappa_score(person, scores >= 3, sample_weight=weights), nan_ok=True
        )
