"""Training of the tiny decoder: a Llama with one key head, on answers above all, one thread, resumable.

Three losses: the answer's tokens; one in TEXT_EVERY tokens of the prompt, lightly; and, at the end of each line of a
chunk, whether it stays, through a head that is thrown away afterwards. The last teaches what a program is about from
each line, where the program itself has a few numbers.
"""

import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.trained_decoder.tokenizer import EOS, PAD, TURN_END, VOCABULARY

ARCHITECTURE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 192,
    "intermediate_size": 512,
    "num_hidden_layers": 6,
    "num_attention_heads": 6,
    "num_key_value_heads": 1,
    "max_position_embeddings": 576,  # as long as it was trained for, and a little more
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "initializer_range": 0.05,
}
MIX = {"chunk": 0.85, "document": 0.04, "rating": 0.11}  # share of the batches
BATCH_TOKENS = 2048
RATE, WARM_UP_STEPS = 4e-3, 60
TEXT_EVERY, TEXT_WEIGHT, LINES_WEIGHT = 8, 0.1, 0.5
IGNORED = -100

Row = dict[str, Any]


class Batch:
    """Rows of one task, padded behind, as tensors [rows, tokens]: `answers` and `texts` hold the next token where it
    counts, `stays` 0 or 1 at the ends of lines; IGNORED elsewhere."""

    def __init__(self, rows: Sequence[Row], rng: random.Random) -> None:
        width = max(len(row["prompt"]) + len(row["answer"]) for row in rows)
        self.ids = torch.zeros(len(rows), width, dtype=torch.int64)
        self.answers, self.texts, self.stays = (torch.full_like(self.ids, IGNORED) for _ in range(3))
        for number, row in enumerate(rows):
            prompt, answer = row["prompt"], row["answer"]
            whole = torch.tensor(prompt + answer)
            self.ids[number, : len(whole)] = whole
            first = len(prompt) - 1
            self.answers[number, first : len(whole) - 1] = whole[first + 1 :]
            places = torch.arange(rng.randrange(TEXT_EVERY), first, TEXT_EVERY)
            self.texts[number, places] = whole[places + 1]
            for place, stays in row["lines"]:
                self.stays[number, place] = int(stays)


def read_rows(path: Path) -> dict[str, list[Row]]:
    """The examples of a file by task."""
    found: dict[str, list[Row]] = {task: [] for task in MIX}
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            found[row["task"]].append(row)
    return found


def batches(rows: dict[str, list[Row]], seed: int, first_step: int) -> Iterator[Batch]:
    """Batches of one task and of like lengths, without end; the same for one seed from any step on."""
    queues: dict[str, list[list[Row]]] = {task: [] for task in rows}
    rng = random.Random(seed)
    step = 0
    while True:
        task = rng.choices(list(MIX), list(MIX.values()))[0]
        if not queues[task]:
            queues[task] = dealt(rows[task], rng)
        chosen = queues[task].pop()
        if step >= first_step:
            yield Batch(chosen, random.Random(f"{seed}/{step}"))
        step += 1


def dealt(rows: Sequence[Row], rng: random.Random) -> list[list[Row]]:
    """The rows in batches of like lengths and at most BATCH_TOKENS, in a random order."""
    order = sorted(rows, key=lambda row: len(row["prompt"]) + len(row["answer"]) + rng.random() * 16)
    found: list[list[Row]] = [[]]
    width = 0
    for row in order:
        width = max(width, len(row["prompt"]) + len(row["answer"]))
        if width * (len(found[-1]) + 1) > BATCH_TOKENS:
            found.append([])
            width = len(row["prompt"]) + len(row["answer"])
        found[-1].append(row)
    rng.shuffle(found)
    return found


class Trainer:
    """Model, head of lines and optimiser, with a checkpoint in `folder`."""

    def __init__(self, folder: Path, tokens: dict[str, int], steps: int, seed: int) -> None:
        from transformers import LlamaConfig, LlamaForCausalLM

        torch.set_num_threads(1)
        torch.manual_seed(seed)
        config = LlamaConfig(
            **ARCHITECTURE,
            bos_token_id=None,
            eos_token_id=[tokens[EOS], tokens[TURN_END]],
            pad_token_id=tokens[PAD],
        )
        self.model = LlamaForCausalLM(config)
        self.lines = nn.Linear(config.hidden_size, 1)
        self.steps, self.step, self.seconds = steps, 0, 0.0
        parameters = [*self.model.parameters(), *self.lines.parameters()]
        groups = [
            {"params": [one for one in parameters if one.dim() > 1], "weight_decay": 0.05},
            {"params": [one for one in parameters if one.dim() <= 1], "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95))
        self._file = folder / "checkpoint.pt"
        if self._file.exists():
            self._restore()

    def train(self, batch: Batch) -> tuple[float, float, float]:
        """One step; the losses of answers, texts and lines."""
        started = time.monotonic()
        for group in self.optimiser.param_groups:
            group["lr"] = RATE * self._share()
        losses = self.losses(batch)
        (losses[0] + TEXT_WEIGHT * losses[1] + LINES_WEIGHT * losses[2]).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.optimiser.zero_grad()
        self.step += 1
        self.seconds += time.monotonic() - started
        return losses[0].item(), losses[1].item(), losses[2].item()

    def losses(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Mean losses of the answers' tokens, of the texts' and of the lines."""
        with torch.autocast("cpu", torch.bfloat16):
            states = self.model.model(input_ids=batch.ids).last_hidden_state
            answers = self._loss(states, batch.answers)
            texts = self._loss(states, batch.texts)
            if not (batch.stays != IGNORED).any():
                return answers, texts, torch.zeros(())
            logits = self.lines(states[batch.stays != IGNORED])[:, 0].float()
        stays = batch.stays[batch.stays != IGNORED].float()
        return answers, texts, functional.binary_cross_entropy_with_logits(logits, stays)

    def exact(self, batch: Batch) -> tuple[float, float]:
        """Share of answers that are right to the last token, each token given those before it; share of tokens."""
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            states = self.model.model(input_ids=batch.ids).last_hidden_state
            counts = batch.answers != IGNORED
            right = torch.ones_like(batch.answers, dtype=torch.bool)
            right[counts] = self.model.lm_head(states[counts]).argmax(dim=1) == batch.answers[counts]
        return right.all(dim=1).float().mean().item(), right[counts].float().mean().item()

    def save(self) -> None:
        """Write the checkpoint; an interrupted write leaves the old one."""
        state = {
            "model": self.model.state_dict(),
            "lines": self.lines.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
        }
        torch.save(state, self._file.with_suffix(".new"))
        self._file.with_suffix(".new").replace(self._file)

    def _restore(self) -> None:
        state = torch.load(self._file, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.lines.load_state_dict(state["lines"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.seconds = state["step"], state["seconds"]

    def _loss(self, states: Tensor, wanted: Tensor) -> Tensor:
        counts = wanted != IGNORED
        logits = self.model.lm_head(states[counts]).float()
        return functional.cross_entropy(logits, wanted[counts])

    def _share(self) -> float:
        """Of the rate: up over WARM_UP_STEPS, then down to a fiftieth along a cosine."""
        if self.step < WARM_UP_STEPS:
            return (self.step + 1) / WARM_UP_STEPS
        done = (self.step - WARM_UP_STEPS) / max(self.steps - WARM_UP_STEPS, 1)
        return 0.02 + 0.49 * (1 + math.cos(math.pi * min(done, 1)))
