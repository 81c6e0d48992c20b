"""Cuts: functions that find what to change in a page's text, as edits of that text. A recipe's `edit` steps name them.

To add one: write a function of a page (further arguments have defaults and plain types) that yields `(start, end,
replacement)` in code points, sorted and not overlapping, and name it in its module's `CUTS`. Its compiled twin, where
it has one, bears the same name in `udfs.text.kernels`."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from udfs.text.cuts import c4, lines, newlines, phrases, pii, pii_numbers, pii_phones, repeats, urls

CutFunction = Callable[..., Iterator[tuple[int, int, str]]]
CUTS: Mapping[str, CutFunction] = MappingProxyType(
    {
        **newlines.CUTS,
        **lines.CUTS,
        **phrases.CUTS,
        **repeats.CUTS,
        **c4.CUTS,
        **urls.CUTS,
        **pii.CUTS,
        **pii_numbers.CUTS,
        **pii_phones.CUTS,
    }
)
