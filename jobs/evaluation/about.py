"""What was evaluated and how, in words, for a terminal and for the page."""

from collections.abc import Sequence
from typing import NamedTuple


class About(NamedTuple):
    """An evaluation."""

    rater: str
    refiner: str
    threshold: str  # from which probability on the refiner's lines stay; empty where it has none
    files: Sequence[str]
    sample: int
    resamples: int
    seed: int
    seconds: float
    trained_on: Sequence[str] = ()  # those of the files that a model's training had


def method(about: About) -> str:
    """What was measured on what."""
    threshold = f" ({about.threshold})" if about.threshold else ""
    text = f"Rater {about.rater}, refiner {about.refiner}{threshold}, on {', '.join(about.files)}"
    text += f" (at most {about.sample:,} rows of each)" if about.sample else ""
    text += f", in {about.seconds:,.0f} seconds. "
    if about.trained_on:
        text += (
            f"The training of these models had {', '.join(about.trained_on)}: figures on what was learnt are better "
            "than on new texts, and the models' cards have those on what was held out. "
        )
    if not about.resamples:
        return text + "No intervals were drawn."
    return text + (
        f"Intervals are 95 % of {about.resamples:,} bootstrap resamples of the documents, seed {about.seed}; they say "
        "how much other documents of the same sources would change a figure, not what other sources would do."
    )
