"""Kernels over edits: the byte-offset forms of `apply` and `compose` equal them, on any text and any edits."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from udfs.text import edits as definition
from udfs.text.edits import Edit
from udfs.text.kernels.edits import apply, compose
from udfs.text.kernels.spans import ByteEdits, Spans, edits_of

TEXTS = st.text(st.sampled_from("ab é世🎈\n"), max_size=12)


@st.composite
def edits_for(draw: st.DrawFn, text: str, step: int) -> tuple[Edit, ...]:
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=8)))
    found: list[Edit] = []
    for start, end in zip(places[::2], places[1::2], strict=False):
        if not found or (start >= found[-1].end and start > found[-1].start):
            found.append(Edit(start, end, draw(st.text(st.sampled_from("xé世"), max_size=3)), str(step)))
    return tuple(found)


@st.composite
def two_steps(draw: st.DrawFn) -> tuple[str, tuple[Edit, ...], tuple[Edit, ...]]:
    text = draw(TEXTS)
    first = draw(edits_for(text, 1))
    return text, first, draw(edits_for(definition.apply(text, first), 2))


def in_bytes(text: str, edits: Sequence[Edit]) -> ByteEdits:
    places = [(len(text[: e.start].encode()), len(text[: e.end].encode())) for e in edits]
    starts, ends = (np.array([place[side] for place in places], np.int64) for side in (0, 1))
    made = edits_of(Spans(starts, ends, [e.replacement.encode() for e in edits]), 0)
    return made._replace(steps=np.array([int(e.reason) for e in edits], np.int64))


def as_edits(text: str, edits: ByteEdits) -> tuple[Edit, ...]:
    utf8 = text.encode()
    places = [(len(utf8[:s].decode()), len(utf8[:e].decode())) for s, e in zip(edits.starts, edits.ends, strict=True)]
    written = [edits.written[s:e].tobytes().decode() for s, e in pairwise(edits.bounds)]
    return tuple(Edit(*place, text, str(step)) for place, text, step in zip(places, written, edits.steps, strict=True))


def utf8_of(text: str) -> np.ndarray:
    return np.frombuffer(text.encode(), np.uint8)


@given(two_steps())
def test_edits_in_bytes_make_the_same_text(case: tuple[str, tuple[Edit, ...], tuple[Edit, ...]]) -> None:
    text, first, _ = case
    assert apply(utf8_of(text), in_bytes(text, first)).tobytes().decode() == definition.apply(text, first)


@given(two_steps())
def test_two_steps_in_bytes_compose_to_the_same_edits(case: tuple[str, tuple[Edit, ...], tuple[Edit, ...]]) -> None:
    text, first, second = case
    between = definition.apply(text, first)
    composed = compose(in_bytes(text, first), in_bytes(between, second))
    assert as_edits(text, composed) == definition.compose(first, second)
