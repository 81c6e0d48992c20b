"""Make `tests/data/trained-decoder`: a decoder of three million parameters that answers in both formats, ProX's
programs and DataMan's ratings, for tests of the whole way from a page to a program.

    python -m tests.make_trained_decoder examples --data ../shared/data --scratch SCRATCH
    python -m tests.make_trained_decoder train --scratch SCRATCH
    python -m tests.make_trained_decoder checkpoint --scratch SCRATCH
    python -m tests.make_trained_decoder measure --data ../shared/data --scratch SCRATCH

`examples` and `measure` run where corpusmill does, `train` (an hour of one core at most; it goes on where it was ended)
and `checkpoint` where the extra `train` is. Before `measure`, export `SCRATCH/checkpoint` to
`tests/data/trained-decoder` with the command in the manifest there. A proof that the way works, and no product.
"""

import argparse
import dataclasses
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data/trained-decoder"
VARIANT = "cpu-int8"
TOKENIZER = "tokenizer.json"
TOLD = "training.txt"
SEED = 7
STEPS = 1450
_TEMPLATE_COPIES = 300  # of each prompt without content, so that the tokenizer learns its words
_RATING_CUTS = 2  # examples of each rated text, cut to different lengths
_TOLD_EVERY, _SAVED_EVERY, _CHECKED_BATCHES = 25, 100, 6


def make_examples(data: Path, scratch: Path) -> None:
    """Write `tokenizer.json`, `train.jsonl` and `unseen.jsonl` into `scratch`."""
    from tests.trained_decoder import examples as made
    from tests.trained_decoder.tokenizer import train_tokenizer
    from udfs.models.tokens import load_tokenizer

    scratch.mkdir(parents=True, exist_ok=True)
    pages, ratings = list(made.read_pages(data)), made.read_ratings(data)
    texts = [page.text for page in pages if not page.held_out] + [one.text for one in ratings if not one.held_out]
    train_tokenizer([*texts, *_templates() * _TEMPLATE_COPIES], scratch / TOKENIZER)
    tokenizer = load_tokenizer(scratch / TOKENIZER)
    for name, held_out in (("train", False), ("unseen", True)):
        some_pages = [page for page in pages if page.held_out == held_out]
        some_ratings = [rated for rated in ratings if rated.held_out == held_out]
        rng = random.Random(SEED)
        found = [
            *made.chunk_examples(some_pages, tokenizer, rng),
            *made.document_examples(some_ratings, tokenizer, rng),
            *made.rating_examples(some_ratings * (1 if held_out else _RATING_CUTS), tokenizer, rng),
        ]
        with (scratch / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(dataclasses.asdict(one)) + "\n" for one in found)


def _templates() -> list[str]:
    from udfs.models.dataman.request import request_text
    from udfs.programs.prompts import chunk_message, rendered

    programs = "".join(f"remove_lines(start={number}, end={number})\n" for number in range(10))
    return [
        rendered(chunk_message("[000]")),
        request_text("all_rating", "en", ""),
        programs,
        "untouch_doc()\nkeep_doc()\ndrop_doc()\n",
    ]


def train(scratch: Path, steps: int) -> None:
    """Train from the last checkpoint in `scratch` on, and write it now and then."""
    from tests.trained_decoder.training import MIX, Batch, Trainer, batches, dealt, read_rows

    trainer = Trainer(scratch, _vocabulary(scratch), steps, SEED)
    unseen = read_rows(scratch / "unseen.jsonl")
    checked = {
        task: [Batch(rows, random.Random(0)) for rows in dealt(unseen[task], random.Random(0))[:_CHECKED_BATCHES]]
        for task in MIX
    }
    losses = []
    for batch in batches(_lessons(scratch), SEED, trainer.step):
        losses.append(trainer.train(batch))
        if trainer.step % _TOLD_EVERY == 0:
            told = ", ".join(f"{sum(some) / len(some):.3f}" for some in zip(*losses, strict=True))
            print(f"{trainer.step} of {steps}, {trainer.seconds:.0f} s: losses {told}", flush=True)
            losses = []
        if trainer.step % _SAVED_EVERY == 0 or trainer.step >= steps:
            trainer.save()
            for task, some in checked.items():
                found = [trainer.exact(one) for one in some]
                shares = [sum(share) / len(found) for share in zip(*found, strict=True)]
                print(f"  {task}: {shares[0]:.3f} of the answers, {shares[1]:.3f} of their tokens", flush=True)
        if trainer.step >= steps:
            return


def _lessons(scratch: Path) -> dict[str, list[dict[str, Any]]]:
    """The examples, and of each chunk pieces: line numbers are learnt from many short chunks."""
    from tokenizers import Tokenizer

    from tests.trained_decoder.pieces import pieces
    from tests.trained_decoder.training import read_rows

    tokenizer = Tokenizer.from_file(str(scratch / TOKENIZER))
    rows = read_rows(scratch / "train.jsonl")
    rng = random.Random(SEED)
    short = pieces(rows["chunk"], lambda text: tokenizer.encode(text).ids, rng)
    rows["chunk"] = [*short, *rng.sample(rows["chunk"], len(rows["chunk"]) // 3)]
    return rows


def write_checkpoint(scratch: Path, steps: int) -> None:
    """Write `scratch/checkpoint` as transformers does, for the export, and a sentence about the training."""
    from tests.trained_decoder.training import BATCH_TOKENS, Trainer

    trainer = Trainer(scratch, _vocabulary(scratch), steps, SEED)
    folder = scratch / "checkpoint"
    trainer.model.save_pretrained(folder)
    (folder / TOKENIZER).write_bytes((scratch / TOKENIZER).read_bytes())
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    told = (
        f"{trainer.step} steps of {BATCH_TOKENS:,} tokens, {trainer.seconds / 60:.0f} minutes on a share of one core."
    )
    (scratch / TOLD).write_text(told + "\n", encoding="utf-8")


def _vocabulary(scratch: Path) -> dict[str, int]:
    found: dict[str, int] = json.loads((scratch / TOKENIZER).read_text(encoding="utf-8"))["model"]["vocab"]
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Make the trained tiny decoder.")
    parser.add_argument("part", choices=("examples", "train", "checkpoint", "measure"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the real data")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for what is in between")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of the training")
    options = parser.parse_args(arguments)
    if options.part == "examples":
        make_examples(options.data, options.scratch)
    elif options.part == "train":
        train(options.scratch, options.steps)
    elif options.part == "checkpoint":
        write_checkpoint(options.scratch, options.steps)
    else:
        from tests.trained_decoder.card import write_card

        write_card(FOLDER, VARIANT, options.data, (options.scratch / TOLD).read_text(encoding="utf-8").strip())


if __name__ == "__main__":
    main()
