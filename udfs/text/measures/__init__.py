"""Measures: numbers measured on a page. Each function is the definition of one; a recipe's rule compares it with limits.

To add one: write a function of a page (further arguments have defaults and plain types) that returns a number, or None
where the signal does not exist for such a page, and name it in its module's `MEASURES`. Its compiled twin, where it has
one, bears the same name in `udfs.text.kernels`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from udfs.text.measures import quality

Measure = Callable[..., float | None]
MEASURES: Mapping[str, Measure] = MappingProxyType({**quality.MEASURES})
