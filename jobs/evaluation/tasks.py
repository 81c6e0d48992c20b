"""The metrics of each task, from what is held to be true and what the models say.

Ratings: DataMan's (arXiv 2502.19363, section 3): exact and within one on five classes, good (3 or more) against bad on
two, macro F1, how often bad texts are missed and good ones misjudged, Pearson and Spearman. Correlations are with the
expected value, where a rater gives one, all else is with its integers. Lines and documents: ProX's (arXiv 2409.17115,
appendix A). A rate of errors is the share of the rows whose truth it names.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jobs.evaluation import metrics
from jobs.evaluation.intervals import Metrics
from jobs.evaluation.metrics import Floats
from jobs.evaluation.pages import Counts
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.manifest import SCORES
from udfs.models.rater import Rating

EDU, FORMAT = SCORES.index("edu"), SCORES.index("format")
CLASSES = 5
GOOD = 3  # a score that says the text will do
KEPT_FROM = 0.4  # probability; F1 is highest where one keeps what is a little likelier to be dropped (half of that F1)
Integers = NDArray[np.int64]

# (name, truth from, truth to, guess from, guess to): rows with such a truth, and such a guess that is wrong.
MISSES = (
    ("miss_1_as_3_up", 1, 1, 3, 5),
    ("miss_2_as_4_up", 2, 2, 4, 5),
    ("miss_2_as_3", 2, 2, 3, 3),
    ("misjudge_4_up_as_below_3", 4, 5, 1, 2),
    ("misjudge_3_as_below_3", 3, 3, 1, 2),
)
CRITERION_METRICS = ("r", "rho", "exact", "within_one", "binary", "macro_f1", "positive_accuracy", "negative_accuracy")
MEANS = ("r", "rho", "exact", "within_one", "binary", "macro_f1", *(name for name, *_ in MISSES))


def keeps_document(edu: int, form: int) -> bool:
    """ProX's rule for documents: educational value of 3 or more, or of 2 if the format is 4 or more."""
    return edu >= 3 or (edu == 2 and form >= 4)


def rating_metrics(truth: Integers, guess: Sequence[Rating]) -> Metrics:
    """Of the scores: truth is (rows x SCORES)."""
    integers = np.array([one.scores for one in guess], dtype=np.int64).reshape(-1, len(CRITERIA))
    expected = np.array([one.expected for one in guess], dtype=np.float64).reshape(-1, len(CRITERIA))
    has_extras = all(one.edu is not None and one.format is not None for one in guess)

    def measure(weights: Floats) -> dict[str, Floats]:
        each: dict[str, list[Floats]] = {}
        found: dict[str, Floats] = {}
        for column, name in enumerate(CRITERIA):
            of_one = _criterion(truth[:, column], integers[:, column], expected[:, column], weights)
            found |= {f"{name}_{metric}": values for metric, values in of_one.items()}
            for metric, values in of_one.items():
                each.setdefault(metric, []).append(values)
        means = {f"{metric}_mean": metrics.mean_of(np.stack(each[metric], axis=1)) for metric in MEANS}
        extras = _extras(truth, guess, weights) if has_extras else {}
        return {"overall_r": found["overall_score_r"], **means, **extras, **found}

    return measure


def _criterion(truth: Integers, guess: Integers, expected: Floats, weights: Floats) -> dict[str, Floats]:
    table = metrics.confusion(truth - 1, guess - 1, CLASSES, weights)
    true, said = np.indices((CLASSES, CLASSES)) + 1  # the scores of each cell
    found = _agreement(table, expected, truth, weights) | {
        "binary": metrics.cell_share(table, (true >= GOOD) == (said >= GOOD)),
        "macro_f1": metrics.macro_f1(table),
        "positive_accuracy": metrics.cell_share(table, said >= GOOD, true >= GOOD),
        "negative_accuracy": metrics.cell_share(table, said < GOOD, true < GOOD),
    }
    for name, low, high, wrong_low, wrong_high in MISSES:
        wrong = (said >= wrong_low) & (said <= wrong_high)
        found[name] = metrics.cell_share(table, wrong, (true >= low) & (true <= high))
    return found


def _agreement(table: Floats, expected: Floats, truth: Integers, weights: Floats) -> dict[str, Floats]:
    true, said = np.indices(table.shape[1:])
    return {
        "r": metrics.pearson(expected, truth, weights),
        "rho": metrics.spearman(expected, truth, weights),
        "exact": metrics.accuracy(table),
        "within_one": metrics.cell_share(table, abs(true - said) <= 1),
    }


def _extras(truth: Integers, guess: Sequence[Rating], weights: Floats) -> dict[str, Floats]:
    edu = np.array([(one.edu, one.edu_expected) for one in guess], dtype=np.float64)
    form = np.array([(one.format, one.format_expected) for one in guess], dtype=np.float64)
    found: dict[str, Floats] = {}
    for name, column, said in (("edu", EDU, edu), ("format", FORMAT, form)):
        table = metrics.confusion(truth[:, column], said[:, 0], CLASSES + 1, weights)
        agreement = _agreement(table, said[:, 1], truth[:, column], weights)
        found |= {f"{name}_{metric}": values for metric, values in agreement.items()}
    return found


def domain_metrics(truth: Sequence[int], guess: Sequence[Rating], *, with_confusion: bool) -> Metrics:
    """Of the domain; `truth` are positions in DOMAINS. The confusion is a count for each pair that occurs."""
    expected = np.array(truth, dtype=np.int64)
    said = np.array([DOMAINS.index(one.domain) for one in guess], dtype=np.int64)
    seen = sorted(set(zip(truth, said.tolist(), strict=True))) if with_confusion else []

    def measure(weights: Floats) -> dict[str, Floats]:
        table = metrics.confusion(expected, said, len(DOMAINS), weights)
        each = metrics.recalls(table)
        found = {
            "domain_accuracy": metrics.accuracy(table),
            "domain_macro_f1": metrics.macro_f1(table),
            "domain_accuracy_variance": metrics.variance_of(each),
        }
        present = sorted(set(expected.tolist()))
        found |= {f"domain_accuracy_{DOMAINS[number]}": each[:, number] for number in present}
        return found | {confusion_name(DOMAINS[row], DOMAINS[column]): table[:, row, column] for row, column in seen}

    return measure


def confusion_name(truth: str, guess: str) -> str:
    """The metric that counts rows of the domain `truth` that were called `guess`."""
    return f"confusion[{truth},{guess}]"


def human_metrics(good: Sequence[bool], unanimous: Sequence[bool], guess: Sequence[Rating]) -> Metrics:
    """How well scores tell what people called good: the sum of all 14, and `overall_score` alone."""
    is_good, agreed = np.array(good), np.array(unanimous, dtype=np.float64)
    expected = np.array([one.expected for one in guess], dtype=np.float64).reshape(-1, len(CRITERIA))
    summed, overall = expected.sum(axis=1).round(9), expected[:, CRITERIA.index("overall_score")]

    def measure(weights: Floats) -> dict[str, Floats]:
        return {
            "auc": metrics.auc(is_good, summed, weights),
            "auc_unanimous": metrics.auc(is_good, summed, weights * agreed),
            "auc_overall": metrics.auc(is_good, overall, weights),
            "auc_overall_unanimous": metrics.auc(is_good, overall, weights * agreed),
        }

    return measure


def document_metrics(truth: ArrayLike, guess: ArrayLike, prefix: str = "document") -> Metrics:
    """Of documents kept (the positive ones) or dropped."""
    keep, kept = np.asarray(truth, dtype=bool), np.asarray(guess, dtype=bool)

    def measure(weights: Floats) -> dict[str, Floats]:
        counts = [weights @ which.astype(np.float64) for which in (keep & kept, ~keep & kept, keep & ~kept)]
        precision, recall, f1 = metrics.precision_recall_f1(*counts)
        return {
            f"{prefix}_f1": f1,
            f"{prefix}_precision": precision,
            f"{prefix}_recall": recall,
            f"{prefix}_accuracy": metrics.share(keep == kept, weights),
            f"{prefix}_kept_ratio": metrics.share(kept, weights),
        }

    return measure


def line_metrics(pages: Sequence[Counts]) -> Metrics:
    """Of lines and characters, all pages of a group pooled; `keep_all` is what keeping everything reaches."""
    counts = np.array(pages, dtype=np.float64).reshape(-1, len(Counts._fields))

    def measure(weights: Floats) -> dict[str, Floats]:
        total = weights @ counts
        found: dict[str, Floats] = {}
        for name, first in (("line_keep", 0), ("char", 4)):
            kept, left, lost, removed = total[:, first : first + 4].T
            found |= _three(name, kept, left, lost)
            found[f"{name}_f1_of_keep_all"] = metrics.ratio(2 * (kept + lost), 2 * (kept + lost) + left + removed)
            if name == "line_keep":
                found |= _three("line_removed", removed, lost, left)
        return found

    return measure


def _three(name: str, right: Floats, wrong: Floats, missed: Floats) -> dict[str, Floats]:
    precision, recall, f1 = metrics.precision_recall_f1(right, wrong, missed)
    return {f"{name}_f1": f1, f"{name}_precision": precision, f"{name}_recall": recall}
