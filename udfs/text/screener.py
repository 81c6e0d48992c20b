"""Screening of many pages at once: the recipe with its compiled steps, from Arrow columns to Arrow columns.

Same answers as `udfs.text.screening.screen`, which defines them. A page's text stays UTF-8 from the Arrow buffer it
came in to the one it leaves in; no Python object is made for a word, and a `str` only where a step has no compiled twin
or asks for the language."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from udfs.text import kernels
from udfs.text.cuts import CUTS
from udfs.text.kernels.characters import byte_offsets, code_point_offsets
from udfs.text.kernels.edits import apply, compose
from udfs.text.kernels.spans import NOTHING, ByteEdits, Spans, Utf8, edits_of, no_edits
from udfs.text.measures import MEASURES
from udfs.text.page import Page
from udfs.text.rules import FAILED, Cut
from udfs.text.screening import ScreenSettings, Taken, bound, language_of, planned, take


class Screener:
    """A recipe made ready to run over pages; one for each task."""

    def __init__(self, settings: ScreenSettings) -> None:
        """Compile or load what the recipe's steps need. Raises what reading a list or model raises."""
        self.settings = settings
        self.names = tuple(settings.rules)
        self._steps = planned(settings, {**MEASURES, **kernels.compiled_measures()}, _compiled_cut)

    def take(self, utf8: Utf8, url: str) -> Taken[ByteEdits]:
        """One page through the recipe; `utf8` has shape (bytes,)."""
        page = Page(utf8, self.settings.languages, self.settings.language, url)
        return take(page, self._steps, no_edits(), stop=self.settings.after_rejection == "stop")

    def columns(self, texts: pa.LargeStringArray, urls: Sequence[str | None]) -> dict[str, pa.Array]:
        """The columns that screening adds, for texts without nulls: keep, reason, language, language_score, signals,
        edits, detail, text."""
        found = _Columns(self.names)
        offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
        data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
        for number, url in enumerate(urls):
            utf8 = data[offsets[number] : offsets[number + 1]]
            try:
                taken = self.take(utf8, url or "")
                found.add(taken, utf8, *language_of(taken, self.settings))
            except Exception as error:  # a page nobody thought of costs its own row, not the task
                found.add_failure(f"{type(error).__name__}: {error}")
        return found.arrays()


def _compiled_cut(name: str, step: Cut, number: int) -> Callable[..., Any]:
    """A step that edits, by its compiled twin where it has one."""
    twins = kernels.compiled_cuts()
    compiled = step.edit in twins
    cut = bound(twins if compiled else CUTS, "edit", step)

    def edited(page: Page, edits: ByteEdits) -> tuple[Page, ByteEdits]:
        spans = cut(page) if compiled else _in_bytes(page, cut(page))
        if not len(spans.starts):
            return page, edits
        made = edits_of(spans, number)
        return page.edited(apply(page.utf8, made)), compose(edits, made)

    return edited


def _in_bytes(page: Page, cuts: Iterable[tuple[int, int, str]]) -> Spans:
    """What a definition found, in byte offsets."""
    found = list(cuts)
    if not found:
        return Spans(NOTHING, NOTHING)
    starts, ends, replacements = zip(*found, strict=True)
    return Spans(
        byte_offsets(page.utf8, np.array(starts)),
        byte_offsets(page.utf8, np.array(ends)),
        [replacement.encode() for replacement in replacements],
    )


class _Columns:
    """The screened pages of a batch, column by column."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = pa.array(names, pa.large_string())
        self._numbers = {name: number for number, name in enumerate(names)}
        self._rows: list[tuple[bool, str | None, str, float, str | None]] = []
        self._signals: list[dict[str, float]] = []
        self._edits: list[ByteEdits] = []
        self._texts: list[Utf8 | None] = []

    def add(self, taken: Taken[ByteEdits], received: Utf8, language: str, score: float) -> None:
        """A page that the recipe kept or rejected; `received` is its text as it came in."""
        keep = taken.reason is None
        self._rows.append((keep, taken.reason, language, score, None))
        self._signals.append(taken.page.past)
        edits = taken.edits
        if len(edits.starts):
            edits = edits._replace(
                starts=code_point_offsets(received, edits.starts), ends=code_point_offsets(received, edits.ends)
            )
        self._edits.append(edits)
        self._texts.append(taken.page.utf8 if keep else None)

    def add_failure(self, detail: str) -> None:
        """A page that could not be screened."""
        self._rows.append((False, FAILED, "", 0.0, detail))
        self._signals.append({})
        self._edits.append(no_edits())
        self._texts.append(None)

    def arrays(self) -> dict[str, pa.Array]:
        """All columns, each of as many rows as were added."""
        keep, reason, language, score, detail = zip(*self._rows, strict=True) if self._rows else [()] * 5
        return {
            "keep": pa.array(keep, pa.bool_()),
            "reason": pa.array(reason, pa.large_string()),
            "language": pa.array(language, pa.large_string()),
            "language_score": pa.array(score, pa.float64()),
            "signals": self._signal_maps(),
            "edits": self._edit_lists(),
            "detail": pa.array(detail, pa.large_string()),
            "text": _texts(self._texts),
        }

    def _signal_maps(self) -> pa.Array:
        numbers = pa.array(list(map(self._numbers.__getitem__, chain.from_iterable(self._signals))), pa.int32())
        values = pa.array(list(chain.from_iterable(one.values() for one in self._signals)), pa.float64())
        return pa.MapArray.from_arrays(
            _bounds(list(map(len, self._signals)), np.int32), self._names.take(numbers), values
        )

    def _edit_lists(self) -> pa.Array:
        parts = {
            "start": pa.array(_joined([one.starts for one in self._edits]), pa.int32()),
            "end": pa.array(_joined([one.ends for one in self._edits]), pa.int32()),
            "replacement": _strings([one.bounds for one in self._edits], [one.written for one in self._edits]),
            "reason": self._names.take(pa.array(_joined([one.steps for one in self._edits]))),
        }
        structs = pa.StructArray.from_arrays(list(parts.values()), list(parts))
        return pa.ListArray.from_arrays(_bounds([len(one.starts) for one in self._edits], np.int32), structs)


def _joined(arrays: list[Any]) -> Any:
    return np.concatenate(arrays) if arrays else np.empty(0, np.int64)


def _bounds(lengths: Any, kind: Any) -> pa.Array:
    bounds = np.zeros(len(lengths) + 1, kind)
    np.cumsum(lengths, out=bounds[1:])
    return pa.array(bounds)


def _strings(bounds: list[Any], written: list[Any]) -> pa.LargeStringArray:
    lengths = _joined([np.diff(one) for one in bounds])
    return pa.LargeStringArray.from_buffers(
        len(lengths), _bounds(lengths, np.int64).buffers()[1], pa.py_buffer(_joined(written).astype(np.uint8))
    )


def _texts(texts: list[Utf8 | None]) -> pa.LargeStringArray:
    lengths = [0 if text is None else len(text) for text in texts]
    data = _joined([text for text in texts if text is not None]).astype(np.uint8, copy=False)
    valid = pa.array([text is not None for text in texts], pa.bool_()).buffers()[1]
    return pa.LargeStringArray.from_buffers(
        len(texts), _bounds(lengths, np.int64).buffers()[1], pa.py_buffer(data), valid
    )
