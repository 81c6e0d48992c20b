"""Metrics of the evaluation: by hand, against scikit-learn, scipy and numpy; and weights, which repeat rows."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from jobs.evaluation import metrics
from jobs.evaluation.pages import Counts
from jobs.evaluation.tasks import (
    confusion_name,
    document_metrics,
    domain_metrics,
    human_metrics,
    keeps_document,
    line_metrics,
    rating_metrics,
)
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.manifest import SCORES
from udfs.models.rater import Rating

Array = np.ndarray[Any, Any]


def once(count: int) -> Array:
    return np.ones((1, count))


# --- by hand


def test_correlations_by_hand() -> None:
    assert metrics.pearson([1, 2, 3], [2, 4, 7], once(3))[0] == pytest.approx(5 / np.sqrt(2 * 38 / 3))
    assert metrics.spearman([1, 5, 9, 9], [1, 2, 8, 7], once(4))[0] == pytest.approx(4.5 / np.sqrt(4.5 * 5))
    assert metrics.ranks([3.0, 1.0, 3.0, 9.0], once(4)).tolist() == [[2.5, 1, 2.5, 4]]


def test_nothing_correlates_with_a_constant() -> None:
    for value in (0.0, 0.1, 3.3, 1e9 + 0.1):
        assert np.isnan(metrics.pearson([value] * 7, range(7), once(7))[0])
    assert np.isnan(metrics.pearson([1.0, 2.0], [1.0, 2.0], np.array([[3.0, 0.0]]))[0])
    assert np.isnan(metrics.pearson([], [], np.ones((1, 0)))[0])
    assert metrics.pearson([1e9, 1e9 + 1, 1e9 + 2], [1, 2, 4], once(3))[0] == pytest.approx(3 / np.sqrt(28 / 3))


def test_auc_by_hand() -> None:
    # pairs of good and bad: 2 > 1, 2 = 2, 3 > 1, 3 > 2
    assert metrics.auc([True, False, True, False], [2, 1, 3, 2], once(4))[0] == 3.5 / 4
    assert np.isnan(metrics.auc([True, True], [1, 2], once(2))[0])


def test_shares_by_hand() -> None:
    weights = np.array([[1.0, 1, 1, 1], [2, 0, 0, 1], [0, 0, 0, 0]])
    assert metrics.share([1, 0, 0, 1], weights)[:2].tolist() == [0.5, 1]
    assert np.isnan(metrics.share([1, 0, 0, 1], weights)[2])
    table = np.array([[[1.0, 2], [3, 4]]])
    assert metrics.cell_share(table, [[1, 0], [0, 1]])[0] == 0.5
    assert metrics.cell_share(table, [[1, 0], [0, 1]], [[1, 1], [0, 0]])[0] == 1 / 3
    assert np.isnan(metrics.cell_share(table, [[1, 0], [0, 1]], [[0, 0], [0, 0]])[0])


def test_f1_by_hand() -> None:
    table = np.array([[[2.0, 1, 0], [0, 3, 0], [0, 0, 0]]])  # the third class neither occurs nor is guessed
    assert metrics.accuracy(table)[0] == 5 / 6
    assert metrics.macro_f1(table)[0] == pytest.approx((4 / 5 + 6 / 7) / 2)
    assert metrics.recalls(table)[0, :2].tolist() == [2 / 3, 1]
    assert metrics.variance_of(metrics.recalls(table))[0] == pytest.approx(1 / 36)
    three = metrics.precision_recall_f1(*(np.array([count]) for count in (6.0, 2.0, 4.0)))
    assert [one[0] for one in three] == [0.75, 0.6, pytest.approx(2 / 3)]


def test_the_rule_for_documents() -> None:
    kept = [(edu, form) for edu in range(6) for form in range(6) if keeps_document(edu, form)]
    assert kept == [(2, 4), (2, 5), *((edu, form) for edu in (3, 4, 5) for form in range(6))]


# --- against scikit-learn

rows = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(-30, 30), st.integers(0, 3)), min_size=2)


@given(rows)
def test_weights_are_repeated_rows_and_scikit_learn_agrees(given_rows: list[tuple[int, int, int, int]]) -> None:
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    truth, guess, score, times = np.array(given_rows).T
    assume(times.sum() > 1)
    weights = np.stack([np.ones(len(times)), times.astype(float)])
    for line in (0, 1):
        repeats = weights[line].astype(int)
        one, other, value = (np.repeat(column, repeats) for column in (truth, guess, score))
        table = metrics.confusion(truth, guess, 5, weights)
        assert np.array_equal(table[line], sklearn_metrics.confusion_matrix(one, other, labels=range(5)))
        assert metrics.accuracy(table)[line] == pytest.approx(sklearn_metrics.accuracy_score(one, other))
        expected = sklearn_metrics.f1_score(one, other, average="macro", zero_division=0)
        assert metrics.macro_f1(table)[line] == pytest.approx(expected)
        for number in set(one.tolist()):
            only = sklearn_metrics.recall_score(one, other, labels=[number], average="macro", zero_division=0)
            assert metrics.recalls(table)[line, number] == pytest.approx(only)
        if len(set(one > 2)) == 2:
            assert metrics.auc(truth > 2, score, weights)[line] == pytest.approx(
                sklearn_metrics.roc_auc_score(one > 2, value)
            )


@given(rows)
def test_decisions_and_lines_are_those_of_scikit_learn(given_rows: list[tuple[int, int, int, int]]) -> None:
    """Documents, and lines as pages of one line each, some of them several times."""
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    truth, guess, _, times = np.array(given_rows).T
    assume(times.any())
    keep, kept = truth > 2, guess > 2
    one, other = np.repeat(keep, times), np.repeat(kept, times)
    weights = times[None].astype(float)
    documents = document_metrics(keep, kept)(weights)
    cells = zip(keep & kept, ~keep & kept, keep & ~kept, ~keep & ~kept, strict=True)
    lines = line_metrics([Counts(*map(int, cell), 0, 0, 0, 0) for cell in cells])(weights)
    for name, found, positive in (("document", documents, 1), ("line_keep", lines, 1), ("line_removed", lines, 0)):
        expected = sklearn_metrics.precision_recall_fscore_support(
            one, other, pos_label=positive, average="binary", zero_division=np.nan
        )
        said = [found[f"{name}_{metric}"][0] for metric in ("precision", "recall", "f1")]
        assert said == pytest.approx(expected[:3], nan_ok=True)
    assert documents["document_accuracy"][0] == pytest.approx(np.mean(one == other), nan_ok=True)


@given(rows)
def test_a_criterion_is_measured_as_by_scikit_learn(given_rows: list[tuple[int, int, int, int]]) -> None:
    sklearn_metrics = pytest.importorskip("sklearn.metrics")
    truth, guess, _, times = np.array(given_rows).T + np.array([[1], [1], [0], [1]])
    one, other = np.repeat(truth, times), np.repeat(guess, times)
    of_all = rating_metrics(truth_of(coherence=truth.tolist()), [rating({"coherence": value}) for value in guess])
    values = {
        metric.removeprefix("coherence_"): value[0] for metric, value in of_all(times[None].astype(float)).items()
    }
    assert values["exact"] == pytest.approx(sklearn_metrics.accuracy_score(one, other))
    assert values["binary"] == pytest.approx(sklearn_metrics.accuracy_score(one >= 3, other >= 3))
    assert values["macro_f1"] == pytest.approx(sklearn_metrics.f1_score(one, other, average="macro", zero_division=0))
    for metric, positive in (("positive_accuracy", True), ("negative_accuracy", False)):
        recall = sklearn_metrics.recall_score(one >= 3, other >= 3, pos_label=positive, zero_division=np.nan)
        assert values[metric] == pytest.approx(recall, nan_ok=True)


@given(rows)
def test_correlations_are_those_of_scipy(given_rows: list[tuple[int, int, int, int]]) -> None:
    stats = pytest.importorskip("scipy.stats")
    truth, _, score, times = np.array(given_rows).T
    one, value = np.repeat(truth, times), np.repeat(score, times) / 7
    assume(len(set(one.tolist())) > 1)
    assume(len(set(value.tolist())) > 1)
    weights = times[None].astype(float)
    assert metrics.pearson(score / 7, truth, weights)[0] == pytest.approx(stats.pearsonr(value, one)[0], abs=1e-9)
    assert metrics.spearman(score / 7, truth, weights)[0] == pytest.approx(stats.spearmanr(value, one)[0], abs=1e-9)


@given(rows)
def test_correlations_of_weighted_rows_are_those_of_repeated_ones(given_rows: list[tuple[int, int, int, int]]) -> None:
    """The same without scipy: numpy's r, of ranks counted pair by pair."""
    truth, _, score, times = np.array(given_rows).T
    one, value = np.repeat(truth, times), np.repeat(score, times)
    assume(len(set(one.tolist())) > 1)
    assume(len(set(value.tolist())) > 1)
    ranked = [[sum(a < b) + (sum(a == b) + 1) / 2 for b in a] for a in (value, one)]
    weights = times[None].astype(float)
    assert metrics.pearson(score, truth, weights)[0] == pytest.approx(np.corrcoef(value, one)[0, 1], abs=1e-9)
    assert metrics.spearman(score, truth, weights)[0] == pytest.approx(np.corrcoef(ranked)[0, 1], abs=1e-9)


# --- tasks


def rating(scores: dict[str, int] | None = None, domain: str = "law", edu: int | None = 3) -> Rating:
    """A rating of 3s but for what is given; what is expected is a little more than the integer."""
    whole = tuple((scores or {}).get(name, 3) for name in CRITERIA)
    extra = None if edu is None else edu + 0.25
    return Rating(domain, 0.5, whole, tuple(one + 0.25 for one in whole), edu, edu, extra, extra, 0.5, 9)


def truth_of(**scores: list[int]) -> Array:
    length = len(next(iter(scores.values())))
    return np.array([scores.get(name, [3] * length) for name in SCORES]).T


def test_every_criterion_is_compared_with_itself() -> None:
    """DataMan's published evaluation shifts the columns by one; here each is wrong in its own rows, and only there."""
    for name in CRITERIA:
        found = rating_metrics(truth_of(**{name: [1, 2, 4, 5]}), [rating({name: value}) for value in (1, 2, 4, 4)])
        values = {metric: float(value[0]) for metric, value in found(once(4)).items()}
        assert values[f"{name}_exact"] == 0.75
        assert {values[f"{other}_exact"] for other in CRITERIA if other != name} == {1.0}
        assert values[f"{name}_within_one"] == values["within_one_mean"] == 1
        assert values["exact_mean"] == pytest.approx((13 + 0.75) / 14)
        assert values[f"{name}_r"] == pytest.approx(np.corrcoef([1, 2, 4, 5], [1, 2, 4, 4])[0, 1])
        assert values["r_mean"] == pytest.approx(values[f"{name}_r"])  # the others are constant
        assert np.isnan(values["overall_r"]) == (name != "overall_score")


def test_errors_by_hand() -> None:
    truth = [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5]
    guess = [1, 2, 3, 5, 3, 3, 4, 5, 2, 3, 3, 1]
    found = rating_metrics(truth_of(accuracy=truth), [rating({"accuracy": value}) for value in guess])
    values = {metric.removeprefix("accuracy_"): float(value[0]) for metric, value in found(once(12)).items()}
    assert values["miss_1_as_3_up"] == 2 / 4
    assert values["miss_2_as_4_up"] == 1 / 2
    assert values["miss_2_as_3"] == 1 / 2
    assert values["misjudge_4_up_as_below_3"] == 1 / 2
    assert values["misjudge_3_as_below_3"] == 1 / 2
    assert values["binary"] == 4 / 12
    assert values["positive_accuracy"] == 2 / 4
    assert values["negative_accuracy"] == 2 / 8
    assert values["within_one"] == 7 / 12


def test_edu_and_format_are_measured_where_a_rater_says_them() -> None:
    truth = truth_of(edu=[0, 2, 4, 5])
    said = [rating(edu=value) for value in (0, 2, 3, 5)]
    values = rating_metrics(truth, said)(once(4))
    assert values["edu_exact"][0] == 0.75
    assert values["edu_r"][0] == pytest.approx(np.corrcoef([0, 2, 4, 5], [0, 2, 3, 5])[0, 1])
    assert values["format_exact"][0] == 0.25
    assert "edu_r" not in rating_metrics(truth, [rating(edu=None)] * 4)(once(4))


def test_domains_by_hand() -> None:
    truth = [DOMAINS.index(name) for name in ("law", "law", "finance", "culture")]
    said = [rating(domain=name) for name in ("law", "finance", "finance", "law")]
    values = domain_metrics(truth, said, with_confusion=True)(once(4))
    assert values["domain_accuracy"][0] == 0.5
    assert values["domain_macro_f1"][0] == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert [values[f"domain_accuracy_{name}"][0] for name in ("law", "finance", "culture")] == [0.5, 1, 0]
    assert values["domain_accuracy_variance"][0] == pytest.approx(1 / 6)
    assert values[confusion_name("law", "finance")][0] == 1
    assert confusion_name("finance", "law") not in values


def test_human_judgements_by_hand() -> None:
    said = [rating({"accuracy": value}) for value in (5, 2, 3, 4)]
    values = human_metrics([True, True, False, False], [True, True, True, False], said)(once(4))
    assert values["auc"][0] == 0.5
    assert values["auc_unanimous"][0] == 0.5
    assert values["auc_overall"][0] == 0.5
    better = human_metrics([True, True, False, False], [True, False, True, False], said)(once(4))
    assert better["auc_unanimous"][0] == 1


def test_documents_by_hand() -> None:
    values = document_metrics([1, 1, 1, 0, 0], [1, 1, 0, 1, 0])(once(5))
    assert values["document_f1"][0] == pytest.approx(2 / 3)
    assert values["document_accuracy"][0] == values["document_kept_ratio"][0] == 0.6


def test_lines_by_hand() -> None:
    pages = [Counts(3, 1, 0, 4, 80, 10, 0, 40), Counts(1, 0, 2, 0, 20, 0, 30, 0)]
    values = {name: float(value[0]) for name, value in line_metrics(pages)(once(2)).items()}
    assert values["line_keep_f1"] == pytest.approx(8 / (8 + 1 + 2))
    assert (values["line_keep_precision"], values["line_keep_recall"]) == (0.8, pytest.approx(2 / 3))
    assert values["line_removed_f1"] == pytest.approx(8 / (8 + 2 + 1))
    assert values["line_removed_precision"] == pytest.approx(4 / 6)
    assert values["char_f1"] == pytest.approx(200 / (200 + 10 + 30))
    assert values["char_recall"] == pytest.approx(100 / 130)
    assert values["line_keep_f1_of_keep_all"] == pytest.approx(12 / (12 + 5))
    assert values["char_f1_of_keep_all"] == pytest.approx(260 / (260 + 50))
