"""Train the embedded rater: MiniLM-L6 as it is and linear heads on all its layers, as one int8 ONNX graph.

    python -m jobs.train_rater --ratings ../shared/data/ratings/ratings.parquet --out models/rater-minilm-v1

Writes the graph, its tokenizer, `manifest.json` and `card.md`. Needs the extra `train`; neither Spark nor a network nor
a GPU. About five minutes on one core. The heads are fitted on the features of the quantised encoder, through the tokens
and sessions of the run time, so what is measured is what is shipped. Only rows of the open licence tier are fitted on.
The same seed, versions and processor give the same weights; the seed chooses the random folds.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from itertools import compress
from pathlib import Path

import numpy as np

from jobs.training.card import Quality, training_data, write_card, write_manifest
from jobs.training.encoder import MAX_TOKENS, encoder_folder, export_encoder, features_of, quantise
from jobs.training.heads import attach_heads, fit_heads, measure, predict, predict_folds
from jobs.training.rated_texts import RatedTexts, origin_folds, page_folds, read_rated_texts
from udfs.models.criteria import CRITERIA
from udfs.models.manifest import GRAPH_FILE, SCORES, TOKENIZER_FILE, Measurement

OVERALL = CRITERIA.index("overall_score")
RANDOM_FOLDS = 5
SOURCE_FOLDS = 8
FEWEST_ROWS = 200
COMPARED_TEXTS = 300


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 2 with one sentence on stderr for bad input."""
    parser = argparse.ArgumentParser(description="Train and export the rater.")
    parser.add_argument("--ratings", type=Path, required=True, help="Parquet file of rated texts")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    parser.add_argument("--head-tokens", type=int, default=350, help="tokens seen from the start of a text")
    parser.add_argument("--tail-tokens", type=int, default=156, help="tokens seen from the end of a longer text")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random folds")
    options = parser.parse_args(arguments)
    try:
        train(options.ratings, options.out, (options.head_tokens, options.tail_tokens), options.seed)
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed, training needs it; install the extra train.", file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def train(ratings: Path, out: Path, tokens: tuple[int, int], seed: int) -> None:
    """Train on `ratings`, write the model folder `out`; `tokens` are those seen at the head and at the tail of a text.

    Raises ValueError in one sentence for bad input.
    """
    if min(tokens) < 1 or sum(tokens) + 2 > MAX_TOKENS:
        raise ValueError(
            f"head and tail tokens are {tokens}, expected each 1 or more and {MAX_TOKENS - 2} together; correct them."
        )
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file, expected a folder to write the model into; name another.")
    texts = read_rated_texts(ratings)
    rows = int(texts.open.sum())
    if rows < FEWEST_ROWS:
        raise ValueError(f"{ratings} has {rows} rows of the open tier, expected at least {FEWEST_ROWS}; give more.")
    out.mkdir(parents=True, exist_ok=True)
    quality = _fit(texts, tokens, seed, out / GRAPH_FILE)
    (out / TOKENIZER_FILE).write_bytes((encoder_folder() / "tokenizer.json").read_bytes())
    command = f"python -m jobs.train_rater --ratings {ratings.name} --out {out.name} --head-tokens {tokens[0]}"
    command += f" --tail-tokens {tokens[1]} --seed {seed}"
    manifest = write_manifest(out, training_data(ratings, texts, seed), tokens, quality, command)
    write_card(out, manifest)
    for one in quality.measurements:
        print(f"{one.split}: {one.measure} {one.value:.3f} (constant {one.constant:.3f}, {one.rows:,} rows)")


def _fit(texts: RatedTexts, tokens: tuple[int, int], seed: int, target: Path) -> Quality:
    """Write the graph `target`, encoder and heads; returns what was measured on the way."""
    with tempfile.TemporaryDirectory() as scratch:
        float_graph, int8_graph = Path(scratch, "float32.onnx"), Path(scratch, "int8.onnx")
        export_encoder(float_graph)
        quantise(float_graph, int8_graph)
        features = features_of(int8_graph, texts.texts, *tokens)
        quality = _measure(features, texts, seed)
        heads = fit_heads(features, texts, texts.open)
        some = np.zeros(len(texts.texts), dtype=bool)
        some[:: max(len(some) // COMPARED_TEXTS, 1)] = True
        exact = features_of(float_graph, list(compress(texts.texts, some)), *tokens)
        quality.measurements.extend(_agreement(predict(heads, features[some]), predict(heads, exact)))
        attach_heads(int8_graph, heads, target)
    return quality


def _measure(features: np.ndarray, texts: RatedTexts, seed: int) -> Quality:
    """The quality tables, and the spread of the error of overall_score on sources not trained on."""
    scores, domains = predict_folds(features, texts, page_folds(texts.pages, RANDOM_FOLDS, seed))
    quality = measure("random", texts, texts.open, scores, domains)
    scores, domains = predict_folds(features, texts, origin_folds(texts.origins, texts.open, SOURCE_FOLDS))
    quality += measure("by source", texts, texts.open, scores, domains)
    if not texts.open.all():
        quality += measure("by source, other licence tiers", texts, ~texts.open, scores, domains)
    error = np.clip(scores[:, OVERALL], 1, 5) - texts.scores[:, OVERALL]
    return Quality(quality, float(np.sqrt(np.mean(error[texts.open] ** 2))))


def _agreement(int8: tuple[np.ndarray, np.ndarray], float32: tuple[np.ndarray, np.ndarray]) -> list[Measurement]:
    """How far the int8 graph says the same as the float32 graph; the constant is the float32 graph's most frequent
    answer.
    """
    rounded, expected = (np.floor(np.clip(scores, 0, 5) + 0.5).astype(int) for scores in (int8[0], float32[0]))
    usual = np.array([np.bincount(column).argmax() for column in expected.T])
    criteria = slice(0, len(CRITERIA))
    table = (
        ("overall_score Pearson r", np.corrcoef(int8[0][:, OVERALL], float32[0][:, OVERALL])[0, 1], 0.0),
        (f"all {len(SCORES)} scores exact", np.mean(rounded == expected), np.mean(usual == expected)),
        (
            "criteria exact",
            np.mean(rounded[:, criteria] == expected[:, criteria]),
            np.mean((usual == expected)[:, criteria]),
        ),
        ("same domain", np.mean(int8[1] == float32[1]), np.mean(float32[1] == np.bincount(float32[1]).argmax())),
    )
    return [
        Measurement(
            split="int8 graph against float32 graph",
            measure=name,
            value=round(float(value), 4),
            constant=round(float(constant), 4),
            rows=len(expected),
        )
        for name, value, constant in table
    ]


if __name__ == "__main__":
    sys.exit(main())
