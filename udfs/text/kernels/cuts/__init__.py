"""The compiled twins of `udfs.text.cuts`, by name in `CUTS`."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from udfs.text.kernels.cuts import (
    c4,
    lines,
    newlines,
    phrases,
    pii,
    pii_addresses,
    pii_numbers,
    pii_phones,
    repeats,
    urls,
)
from udfs.text.kernels.spans import Spans

CUTS: Mapping[str, Callable[..., Spans]] = MappingProxyType(
    {
        **newlines.CUTS,
        **lines.CUTS,
        **phrases.CUTS,
        **repeats.CUTS,
        **c4.CUTS,
        **urls.CUTS,
        **pii.CUTS,
        **pii_addresses.CUTS,
        **pii_numbers.CUTS,
        **pii_phones.CUTS,
    }
)
