"""Sampling: a number for each page that looks random and is always the same."""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from types import MappingProxyType

from udfs.text.page import Page


def sample_position(page: Page, seed: int = 0) -> float | None:
    """Where the page falls in [0, 1), evenly: a hash of its URL and its text with `seed`. A share p is below p.

    DCLM `random_sampling_filter` draws anew at each run; here the same page falls at the same place, whatever the
    number of partitions or retries. Pages of one URL and one text fall together."""
    digest = blake2b(f"{seed}\0{page.url}\0".encode(), digest_size=8)
    digest.update(page.utf8.tobytes())
    return (int.from_bytes(digest.digest()) >> 11) / 2**53  # as many bits as a float has


MEASURES: Mapping[str, Callable[..., float | None]] = MappingProxyType({"sample_position": sample_position})
