"""How long to wait before a request is made again."""

import random
from email.message import Message


def retry_after_seconds(headers: Message) -> float:
    """What the server asks for, in seconds; 0 where it asks for nothing that can be read."""
    value = (headers.get("Retry-After") or "").strip()
    return float(value) if value.isdecimal() and len(value) < 7 else 0.0


def pause_seconds(tries: int, wait_seconds: float, first_seconds: float, most_seconds: float) -> float:
    """The wait after `tries` failures, at least `wait_seconds`: doubling from `first_seconds`, at most `most_seconds`,
    with jitter of one half, so that tasks that failed together do not come back together."""
    backoff = first_seconds * 2.0 ** min(tries - 1, 30) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
    return min(max(backoff, wait_seconds), most_seconds)
