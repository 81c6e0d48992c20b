"""Work at the same time: what comes back, and what is raised."""

import threading

import pytest

from jobs.runtime.threads import at_once


def test_tasks_run_at_the_same_time_and_give_their_results_in_order() -> None:
    both = threading.Barrier(2, timeout=10)  # breaks unless two wait

    def first() -> str:
        both.wait()
        return "first"

    def second() -> str:
        both.wait()
        return "second"

    assert at_once(first, second) == ["first", "second"]


def test_all_have_ended_when_the_first_of_the_errors_is_raised() -> None:
    ended: list[str] = []
    late = threading.Event()

    def slow() -> None:
        late.wait(10)
        ended.append("slow")
        raise ValueError("slow")

    def fast() -> None:
        late.set()
        raise ValueError("fast")

    with pytest.raises(ValueError, match="slow"):
        at_once(slow, fast)
    assert ended == ["slow"]
