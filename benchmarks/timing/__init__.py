"""How the scripts of this folder time: two sides in turns, the best run of each.

Machines are shared, and another program's work can only make a run slower."""

import time
from collections.abc import Callable
from typing import Any


def best_of_turns(sides: tuple[Callable[[], float], Callable[[], float]], rounds: int) -> tuple[float, float]:
    """Best seconds of each side, after one run of each that does not count."""
    sides[0](), sides[1]()
    runs: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            runs[side].append(sides[side]())
    return min(runs[0]), min(runs[1])


def seconds_of(work: Callable[[], Any]) -> float:
    """Wall time of `work`."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
