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
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from jobs.runtime.errors import exit_status
from jobs.training.encoder import MAX_TOKENS, POOLED, WIDTH, Encoder, minilm
from jobs.training.rated_texts import read_rated_texts

FEWEST_ROWS = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 2 with one sentence on stderr for bad input."""
    options = _parser().parse_args(arguments)
    return exit_status(lambda: _train(options, _command(options)), "training", "train")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Train and export the rater.")
    add = parser.add_argument
    add("--ratings", type=Path, required=True, help="rated texts: a Parquet file, a folder of them, a Delta table")
    add("--out", type=Path, required=True, help="folder of the model")
    add("--human", type=Path, help="Parquet file of texts that people judged good or bad")
    add("--domains", type=Path, help="texts with a domain, shaped as --ratings; those that are rated are not used")
    add("--encoder", type=Path, help="folder of another BERT encoder of width 384; MiniLM-L6 by default")
    add("--encoder-name", default="", help="what the card calls it; with --encoder")
    add("--encoder-licence", default="", help="of its weights; with --encoder")
    add("--layers", type=int, default=POOLED, help="lowest layers of the encoder that the rater keeps")
    add(
        "--teacher-layers",
        type=int,
        default=0,
        help="layers of deeper raters that are trained first, to rate --unrated",
    )
    add(
        "--teachers",
        type=Path,
        nargs="+",
        default=[],
        help="folders of their encoders; the mean of their ratings counts; the rater's own encoder by default",
    )
    add("--teacher-epochs", type=int, help="passes over the training rows for each of them; --epochs by default")
    add("--unrated", type=Path, nargs="+", default=[], help="tables of texts or pages that nobody rated")
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
    if options.encoder:
        said.append(f"--encoder {options.encoder.name} --encoder-name '{options.encoder_name}'")
        said.append(f"--encoder-licence '{options.encoder_licence}'")
    for name in ("unrated", "teachers"):
        if paths := getattr(options, name):
            said.append(f"--{name} {' '.join(path.name for path in paths)}")
    said.append(f"--out {options.out.name}")
    names = ["layers", "teacher_layers", "head_tokens", "tail_tokens", "epochs", "teacher_epochs"]
    names += ["precision", "threads", "seed"]
    said += [f"--{name.replace('_', '-')} {value}" for name in names if (value := getattr(options, name)) is not None]
    return " ".join(["python -m jobs.train_rater", *said])


def _train(options: argparse.Namespace, command: str) -> None:
    """Train, and write the model folder. Raises ValueError in one sentence for bad input."""
    tokens = (options.head_tokens, options.tail_tokens)
    if min(tokens) < 1 or sum(tokens) + 2 > MAX_TOKENS:
        raise ValueError(
            f"head and tail tokens are {tokens}, expected each 1 or more and {MAX_TOKENS - 2} together; correct them."
        )
    for name in ("epochs", "teacher_epochs", "threads"):
        if (value := getattr(options, name)) is not None and value < 1:
            raise ValueError(f"--{name.replace('_', '-')} is {value}, expected 1 or more; correct it.")
    if bool(options.unrated) != bool(options.teacher_layers):
        raise ValueError("--unrated and --teacher-layers go together, one was given; give both or none.")
    if (options.teachers or options.teacher_epochs) and not options.teacher_layers:
        raise ValueError("--teachers and --teacher-epochs came without --teacher-layers; give it, and --unrated.")
    if options.out.exists() and not options.out.is_dir():
        raise ValueError(f"{options.out} is a file, expected a folder to write the model into; name another.")
    rated = read_rated_texts(options.ratings)
    rows = int(rated.open.sum())
    if rows < FEWEST_ROWS:
        raise ValueError(
            f"{options.ratings} has {rows} rows of the open tier, expected at least {FEWEST_ROWS}; give more."
        )
    work = options.work or options.out.with_name(f"{options.out.name}.training")
    encoder = _encoder(options)
    teachers = _teachers(options, encoder)
    from jobs.training.making import Inputs, train  # torch is needed from here on

    inputs = Inputs(options.ratings, options.human, options.domains, rated, encoder, options.unrated, teachers)
    for one in train(inputs, options, work, command):
        print(f"{one.split}: {one.measure} {one.value:.3f} (constant {one.constant:.3f}, {one.rows:,} rows)")


def _encoder(options: argparse.Namespace) -> Encoder:
    """The encoder to start from. Raises ValueError in one sentence for one that is not as it must be."""
    if not options.encoder:
        there, encoder = POOLED, minilm()
    else:
        there = _layers_of(options.encoder)
        if not (options.encoder_name and options.encoder_licence):
            raise ValueError(
                "--encoder came without --encoder-name or --encoder-licence, the card needs both; give them."
            )
        encoder = Encoder(options.encoder, options.encoder_name, options.encoder_licence, options.layers)
    _check_layers("layers", options.layers, there)
    return encoder


def _teachers(options: argparse.Namespace, encoder: Encoder) -> list[Encoder]:
    """The encoders of the raters that are trained first. Raises ValueError in one sentence for one that will not do."""
    if not options.teacher_layers:
        return []
    found = []
    for folder in options.teachers or [encoder.folder]:
        _check_layers("teacher-layers", options.teacher_layers, _layers_of(folder))
        is_same = folder == encoder.folder
        name = encoder.name if is_same else folder.name
        found.append(Encoder(folder, name, encoder.licence if is_same else "", options.teacher_layers))
    return found


def _check_layers(name: str, layers: int, there: int) -> None:
    if not POOLED <= layers <= there:
        raise ValueError(f"--{name} is {layers}, expected {POOLED} to {there}, which the encoder has; correct it.")


def _layers_of(folder: Path) -> int:
    try:
        config = json.loads((folder / "config.json").read_bytes())
        found = (config["model_type"], config["hidden_size"], config["num_hidden_layers"])
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(
            f"{folder}/config.json cannot be read ({reason}); give a BERT encoder as transformers writes it."
        ) from None
    if found[:2] != ("bert", WIDTH):
        raise ValueError(
            f"{folder} holds a {found[0]} of width {found[1]}, expected a bert of width {WIDTH}; name another folder."
        )
    return int(found[2])


if __name__ == "__main__":
    sys.exit(main())
