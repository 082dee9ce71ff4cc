"""Bounded sums of a few lines: is there a set of them that adds up?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

SIZE_MAX = 4
STEPS_MAX = 20_000
"""Sets looked at before the answer is "perhaps" (counted as yes: doubt leaves a line open)."""


def sum_of_some(amounts: Sequence[int], total: int, least: int = 2) -> bool:
    """Whether ``least`` to ``SIZE_MAX`` of the amounts add up to the total; too many of them count as yes."""
    steps = 0
    fitting = [one for one in amounts if (one > 0) == (total > 0)]
    for size in range(least, min(SIZE_MAX, len(fitting)) + 1):
        for chosen in combinations(fitting, size):
            steps += 1
            if sum(chosen) == total or steps > STEPS_MAX:
                return True
    return False
