"""Several pieces of work at the same time, where each is mostly Spark's own time to get going."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def at_once(*tasks: Callable[[], Any]) -> list[Any]:
    """What each task returns, in order. All have ended when this returns or raises; of several errors the first task's
    is raised."""
    with ThreadPoolExecutor(max_workers=len(tasks)) as pool:
        running = [pool.submit(task) for task in tasks]
    return [one.result() for one in running]
