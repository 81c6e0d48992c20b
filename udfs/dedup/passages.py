"""Spans of tokens that were seen before, and how near ones become one passage."""

from collections.abc import Iterable, Sequence

Span = tuple[int, int]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Spans, of which those that overlap or touch have become one, sorted."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and found[-1][1] >= start:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def merged(spans: Sequence[Span], threshold: float) -> list[Span]:
    """Disjoint sorted spans, with neighbours joined over the gap between them where the spans make up the threshold of
    the whole: greedily from the left, and from the right, and both results together. With a threshold of 1, as given.
    """
    if threshold >= 1:
        return list(spans)
    return joined([*_sandwiched(spans, threshold), *_sandwiched(spans[::-1], threshold)])


def _sandwiched(spans: Iterable[Span], threshold: float) -> list[Span]:
    found: list[tuple[int, int, int]] = []  # start, end, tokens that were seen
    for start, end in spans:
        if found:
            low, high, width = min(start, found[-1][0]), max(end, found[-1][1]), found[-1][2] + end - start
            if width >= (high - low) * threshold:
                found[-1] = (low, high, width)
                continue
        found.append((start, end, end - start))
    return [one[:2] for one in found]
