"""Train the embedded rater: MiniLM-L6 fine-tuned with heads for scores, classes and domain, as one int8 graph.

    python -m jobs.train_rater --ratings ../shared/data/ratings/ratings.parquet --out models/rater-minilm-v2 \\
        --human ../shared/data/quality_human/dclm_judgements.parquet \\
        --domains ../shared/data/domains/domains15.parquet

Writes the graph, its tokenizer, `manifest.json` and `card.md`. `--ratings` is a Parquet file, a folder of them or a
Delta table; `--human` (texts that people called good or bad) and `--domains` (texts with a domain) are more to learn
from, where they are there. Needs the extra `train`; neither Spark nor a network. About an hour on one core that nobody
else uses, if it has bfloat16; a GPU is used where there is one. A run that was stopped goes on where an epoch ended
if the same command is given again (`--work` is where its checkpoints are). Only rows of the open licence tier are
fitted on. The same seed, versions and processor give the same weights.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.training.encoder import MAX_TOKENS
from jobs.training.rated_texts import read_rated_texts

FEWEST_ROWS = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 2 with one sentence on stderr for bad input."""
    options = _parser().parse_args(arguments)
    try:
        _train(options, _command(options))
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed, training needs it; install the extra train.", file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train and export the rater.")
    add = parser.add_argument
    add("--ratings", type=Path, required=True, help="rated texts: a Parquet file, a folder of them, a Delta table")
    add("--out", type=Path, required=True, help="folder of the model")
    add("--human", type=Path, help="Parquet file of texts that people judged good or bad")
    add("--domains", type=Path, help="texts with a domain, shaped as --ratings; those that are rated are not used")
    add("--work", type=Path, help="folder for checkpoints, beside --out by default")
    add("--head-tokens", type=int, default=350, help="tokens seen from the start of a text")
    add("--tail-tokens", type=int, default=156, help="tokens seen from the end of a longer text")
    add("--epochs", type=int, default=5, help="passes over the training rows, before the last one over all rows")
    add("--precision", choices=("bf16", "fp32"), default="bf16", help="of the matrix products; fp32 on old processors")
    add("--threads", type=int, default=1, help="cores to train on")
    add("--seed", type=int, default=0, help="of the parts held out, the order of the texts and what is dropped out")
    return parser


def _command(options: argparse.Namespace) -> str:
    """The command as the card gives it: no folders of this machine."""
    said = [f"--ratings {options.ratings.name}"]
    said += [f"--{name} {path.name}" for name in ("human", "domains") if (path := getattr(options, name))]
    said.append(f"--out {options.out.name}")
    names = ("head_tokens", "tail_tokens", "epochs", "precision", "threads", "seed")
    said += [f"--{name.replace('_', '-')} {getattr(options, name)}" for name in names]
    return " ".join(["python -m jobs.train_rater", *said])


def _train(options: argparse.Namespace, command: str) -> None:
    """Train, and write the model folder. Raises ValueError in one sentence for bad input."""
    tokens = (options.head_tokens, options.tail_tokens)
    if min(tokens) < 1 or sum(tokens) + 2 > MAX_TOKENS:
        raise ValueError(
            f"head and tail tokens are {tokens}, expected each 1 or more and {MAX_TOKENS - 2} together; correct them."
        )
    for name in ("epochs", "threads"):
        if getattr(options, name) < 1:
            raise ValueError(f"--{name} is {getattr(options, name)}, expected 1 or more; correct it.")
    if options.out.exists() and not options.out.is_dir():
        raise ValueError(f"{options.out} is a file, expected a folder to write the model into; name another.")
    rated = read_rated_texts(options.ratings)
    rows = int(rated.open.sum())
    if rows < FEWEST_ROWS:
        raise ValueError(
            f"{options.ratings} has {rows} rows of the open tier, expected at least {FEWEST_ROWS}; give more."
        )
    from jobs.training.making import Inputs, train  # torch is needed from here on

    work = options.work or options.out.with_name(f"{options.out.name}.training")
    inputs = Inputs(options.ratings, options.human, options.domains, rated)
    for one in train(inputs, options, work, command):
        print(f"{one.split}: {one.measure} {one.value:.3f} (constant {one.constant:.3f}, {one.rows:,} rows)")


if __name__ == "__main__":
    sys.exit(main())
