"""The decoder of a model folder on plain onnxruntime: no torch and no transformers here.

On the CPU a prompt is read on its own, unpadded, straight into its slot of the cache, and the slots take steps
together. On a graphics card prompts share runs, and there are more slots (`udfs/models/batching.py`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from udfs.models.batching import ON_CPU, ON_CUDA, Batching, Prompt, longest_first, take_group
from udfs.models.decoder_manifest import DecoderManifest, load_decoder_manifest, verify_decoder
from udfs.models.decoding import Decoder, Filled, Generated, Slot, Wanted
from udfs.models.filling import Filler
from udfs.models.generation import NOT_FINITE, Answer, Generation, failed
from udfs.models.graph_runner import Graph, GraphRunner, Ids
from udfs.models.kv_cache import KvLayout
from udfs.models.loops import LoopSettings
from udfs.models.manifest import ModelError, model_digest
from udfs.models.session import Provider, open_session

_ROOM_STEP = 64  # rooms are rounded up, so that they repeat
_DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


LOOPS = LoopSettings()

_DECODERS: dict[tuple[str, str, int, Provider, int, Batching, LoopSettings, frozenset[int]], Decoder] = {}


def load_decoder(
    folder: str | Path,
    variant: str,
    threads: int,
    *,
    provider: Provider | None = None,
    gpu: int = 0,
    batching: Batching | None = None,
    loops: LoopSettings = LOOPS,
    stop: frozenset[int] | None = None,
) -> Decoder:
    """A variant of a decoder, its files checked against the manifest; a second call in the same process is free.

    provider: the variant's own device if not given; an fp16 graph runs on the CPU too, with the speed of fp32.
    gpu: number of the graphics card.
    batching: that of the device if not given.
    stop: ids that end an answer, if not those of the manifest.
    Raises ModelError (the folder cannot be used here) or ValueError (a bad setting). A decoder is not for several
    threads of a process at once.
    """
    digest = model_digest(folder)
    manifest = load_decoder_manifest(folder)
    chosen = manifest.chosen(variant)
    provider = provider or chosen.provider
    batching = batching or (ON_CPU if provider == "cpu" else ON_CUDA)
    stop = frozenset(manifest.stop) if stop is None else stop
    key = (digest, variant, threads, provider, gpu, batching, loops, stop)
    if key not in _DECODERS:
        verify_decoder(folder, manifest, variant)
        session = open_session(Path(folder) / chosen.graph, threads, provider, gpu)
        graph = Graph(session, _layout(session, manifest), provider, gpu, manifest.vocabulary, manifest.pad)
        _DECODERS[key] = OnnxDecoder(graph, manifest.context, stop, batching, loops)
    return _DECODERS[key]


class OnnxDecoder:
    """`Decoder` over one graph. It holds nothing of a call after it, but for the cache on a graphics card."""

    def __init__(
        self, graph: Graph, context: int, stop: frozenset[int], batching: Batching, loops: LoopSettings
    ) -> None:
        self.context = context
        self._graph = graph
        self._stop = stop
        self._batching = batching
        self._loops = loops
        self._kept: GraphRunner | None = None

    def generate(self, wanted: Sequence[Wanted]) -> list[Generated]:
        """Answers, in order."""
        results: list[Generated | None] = [None] * len(wanted)
        answers = []
        for index, one in enumerate(wanted):
            ids = self._checked(one.prompt, one.max_new_tokens)
            if isinstance(ids, str):
                results[index] = Generated((), "error", 0.0, ids)
            else:
                answers.append(Answer(index, ids, one, self._loops))
        if answers:
            room = max(len(answer.prompt) + wanted[answer.number].max_new_tokens for answer in answers)
            runner = self._runner(min(self._batching.slots, len(answers)), room)
            Generation(runner, self._batching, self._stop).run(answers)
        for answer in answers:
            results[answer.number] = answer.result
        return [result for result in results if result is not None]

    def choose(self, prompts: Sequence[Sequence[int]], allowed: Sequence[int]) -> list[NDArray[np.float32] | str]:
        """The logits of the `allowed` tokens as the next one after each prompt, or what is wrong with it."""
        tokens = self._known_tokens(allowed, "allowed")
        read = [self._checked(prompt, 1) for prompt in prompts]
        results: list[NDArray[np.float32] | str] = [one if isinstance(one, str) else "not read" for one in read]
        waiting = longest_first([Prompt(index, one) for index, one in enumerate(read) if not isinstance(one, str)])
        if waiting:
            rows = min(self._batching.prompts_per_run, len(waiting))
            runner = self._runner(rows, len(waiting[0].prompt) + 1)
        while waiting:
            group = take_group(waiting, rows, self._batching.run_tokens)
            for one, logits in zip(group, _logits(runner, group), strict=True):
                results[one.number] = logits if isinstance(logits, str) else logits[tokens]
        return results

    def fill(self, prompts: Sequence[Sequence[int]], template: Sequence[Slot]) -> list[Filled]:
        """The template filled after each prompt: what one token at a time would give, by guesses that are verified.

        Raises ValueError for a template that nothing can fill."""
        self._check_template(template)
        read = [self._checked(prompt, len(template)) for prompt in prompts]
        room = max((len(one) for one in read if not isinstance(one, str)), default=0) + len(template)
        filler = Filler(self._runner(1, room), template)
        return [_filled(filler, one) for one in read]

    def _runner(self, rows: int, room: int) -> GraphRunner:
        """Runs over so many rows. On the CPU memory that is not used costs nothing and is given back after the call; on
        a graphics card it is kept, since taking it takes long."""
        room = min(-(-room // _ROOM_STEP) * _ROOM_STEP, self.context)
        if self._kept is None or self._kept.cache.rows < rows or self._kept.cache.room < room:
            self._kept = None  # given back before more is taken
            runner = GraphRunner(self._graph, rows, room, self._batching.run_tokens)
            if self._graph.provider == "cpu":
                return runner
            self._kept = runner
        return self._kept

    def _checked(self, prompt: Sequence[int], answer_tokens: int) -> Ids | str:
        """The prompt as an array, or what is wrong with it."""
        if answer_tokens < 1:
            return f"max_new_tokens is {answer_tokens}, expected 1 or more"
        try:
            size = len(prompt)
            # A whole page may be given, so its length is looked at first.
            ids = np.asarray(prompt) if size + answer_tokens <= self.context else None
        except Exception as error:  # no sequence, or one of sequences
            return f"the prompt is no sequence of token ids ({type(error).__name__})"
        if ids is None:
            return (
                f"the prompt has {size:,} tokens and its answer may have {answer_tokens:,}, together more than the "
                f"context of {self.context:,}"
            )
        return ids.astype(np.int64) if not (wrong := _wrong(ids, self._graph.vocabulary)) else wrong

    def _check_template(self, template: Sequence[Slot]) -> None:
        if not template:
            raise ValueError("the template has no slots, expected at least one.")
        for place, slot in enumerate(template):
            self._known_tokens(slot.allowed, f"allowed of slot {place}")
            if slot.guess not in slot.allowed:
                raise ValueError(f"slot {place} guesses the token {slot.guess}, expected one that it allows.")

    def _known_tokens(self, tokens: Sequence[int], what: str) -> Ids:
        ids = np.array(tokens, np.int64)
        if not len(ids) or ids.min() < 0 or ids.max() >= self._graph.vocabulary:
            known = self._graph.vocabulary - 1
            raise ValueError(f"{what} is {list(tokens)[:9]}, expected tokens from 0 to {known}; correct it.")
        return ids


def _wrong(ids: NDArray[Any], vocabulary: int) -> str:
    """What is wrong with token ids, if anything is."""
    if not ids.size:
        return "the prompt is empty"
    if ids.ndim != 1 or ids.dtype.kind not in "iu":
        return f"the prompt is no sequence of token ids ({ids.dtype} in {ids.ndim} dimensions)"
    if ids.min() < 0 or ids.max() >= vocabulary:
        return f"the prompt has token ids from {ids.min()} to {ids.max()}, the model knows 0 to {vocabulary - 1:,}"
    return ""


def _logits(runner: GraphRunner, group: Sequence[Prompt]) -> list[NDArray[np.float32] | str]:
    """Logits after each prompt, or what is wrong; where a run of several fails, each is tried alone."""
    try:
        rows = runner.prompts(0, [one.prompt for one in group]).logits.copy()
    except Exception as error:  # onnxruntime raises many kinds, running out of memory among them
        if len(group) > 1:
            return [_logits(runner, [one])[0] for one in group]
        return [failed(error)]
    return [row if np.isfinite(row).all() else NOT_FINITE for row in rows]


def _filled(filler: Filler, prompt: Ids | str) -> Filled:
    if isinstance(prompt, str):
        return Filled((), (), False, 0, prompt)
    try:
        return filler.fill(prompt)
    except Exception as error:  # as above
        return Filled((), (), False, 0, failed(error))


def _layout(session: Any, manifest: DecoderManifest) -> KvLayout:
    """What the graph keeps of a token. Raises ModelError where manifest and graph are not of one model."""
    inputs = {one.name: one for one in session.get_inputs()}
    missing = {"input_ids", "attention_mask", "slots", f"past_key_values.{manifest.layers - 1}.value"} - set(inputs)
    if missing or f"past_key_values.{manifest.layers}.key" in inputs:
        raise ModelError(
            f"the graph of {manifest.name} has not the inputs of a decoder with {manifest.layers} layers; export it "
            "anew with python -m jobs.export_onnx."
        )
    dtype = np.dtype(_DTYPES[inputs["past_key_values.0.key"].type])
    return KvLayout(manifest.layers, manifest.kv_heads, manifest.head_size, dtype)
