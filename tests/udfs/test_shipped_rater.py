"""The rater that is shipped: sane on made-up texts, and as good as its card says on texts it was not trained on."""

import re
from pathlib import Path

import numpy as np
import pytest

from udfs.models.criteria import DOMAINS
from udfs.models.rater import Rater, Rating, load_rater

ROOT = Path(__file__).parents[2]
RATINGS = ROOT / "../shared/data/ratings/ratings.parquet"


@pytest.fixture(scope="module")
def shipped() -> Rater:
    return load_rater(ROOT / "models/rater-e5-v2", threads=1)


TEXTBOOK = (
    "Photosynthesis is the process by which green plants turn light into chemical energy. In the leaves, chlorophyll "
    "absorbs sunlight, and water taken up by the roots is split into hydrogen and oxygen. The hydrogen is then used to "
    "build sugars from carbon dioxide, while the oxygen leaves through small pores. Because nearly every food chain "
    "begins with a plant, this reaction feeds most of the life on Earth."
)
SPAM = "Home | Login | Cart (0)\nBUY CHEAP pills >> click here <<\nclick here, best price!!! $$$\nShare Tweet Pin" * 3


def test_shipped_rater_tells_a_textbook_from_spam(shipped: Rater) -> None:
    textbook, spam, clinic = shipped(
        [
            TEXTBOOK,
            SPAM,
            "The patient was treated with antibiotics; symptoms of the infection and fever went away. " * 3,
        ]
    )
    assert isinstance(textbook, Rating)
    assert isinstance(spam, Rating)
    assert isinstance(clinic, Rating)
    assert textbook.scores[-1] > spam.scores[-1]
    assert textbook.edu > spam.edu
    assert clinic.domain == "medicine"


def test_shipped_rater_agrees_with_ratings_it_was_not_trained_on(shipped: Rater) -> None:
    """Texts under closed licences, which training leaves out: Pearson r with the given overall scores and edu."""
    if not RATINGS.exists():
        pytest.skip("the ratings are not here")
    pq = pytest.importorskip("pyarrow.parquet")
    rows = [
        row
        for row in pq.read_table(RATINGS, columns=["text", "overall_score", "edu", "domain", "licence"]).to_pylist()
        if re.search(r"none stated|non-commercial|CC-BY-NC|FAO|Reuters", row["licence"])
    ][::3]
    ratings = [one for one in shipped([row["text"] for row in rows]) if isinstance(one, Rating)]
    assert len(ratings) == len(rows) > 100
    overall = np.corrcoef([one.expected[-1] for one in ratings], [row["overall_score"] for row in rows])[0, 1]
    edu = np.corrcoef([one.edu_expected for one in ratings], [row["edu"] for row in rows])[0, 1]
    right = np.mean(
        [DOMAINS.index(one.domain) == ord(row["domain"]) - 65 for one, row in zip(ratings, rows, strict=True)]
    )
    assert overall > 0.6
    assert edu > 0.7
    assert right > 0.55
