"""Telling when the mean of a stream of numbers has changed.

The self-starting CUSUM of Hawkins, The Statistician 36, 299 (1987): each number is measured against
mean and standard deviation of all numbers before it, which makes it standard normal as long as
nothing changes, and cumulative sums (Page, Biometrika 41, 100 (1954)) of these are watched. So no
calibration comes first, and the rate of false alarms is known from the start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.stats import norm, t

ALLOWANCE = 0.5  # standard deviations; half the shift that is found soonest
LIMIT = 5.0  # standard deviations; without a change, one false alarm in 465 numbers
# Further out counts as this: one odd image is no change (Hawkins, J. Qual. Technol. 25, 248 (1993))
LARGEST_STEP = 3.0


class Change(NamedTuple):
    """A change of the mean.

    at: number, from 0, of the observation that gave the alarm; since: of the first one after the
    change, as estimated; before, after: means up to there and from there on.
    """

    at: int
    since: int
    before: float
    after: float


@dataclass
class ChangeDetector:
    """Watches a stream of numbers for a lasting change of their mean, upwards or downwards.

    up, down: the cumulative sums against an increase and a decrease, in standard deviations; above
    `limit` is an alarm. After one it starts anew with the numbers since the change, so that further
    changes are found.

    >>> detector = ChangeDetector()
    >>> stream = [10, 11, 9, 10, 12, 10, 9, 11, 10, 9, 15, 16, 14, 15, 16]
    >>> [change for change in map(detector.update, stream) if change]
    [Change(at=12, since=10, before=10.1, after=15.0)]
    """

    allowance: float = ALLOWANCE
    limit: float = LIMIT
    up: float = 0.0
    down: float = 0.0
    _values: list[float] = field(default_factory=list)
    _first: int = 0  # of the present state of affairs
    _since_up: int = 0
    _since_down: int = 0
    _alarm: bool = False

    @property
    def mean(self) -> float:
        """Mean of the numbers since the last change; NaN before the first number."""
        return float(np.mean(self._values[self._first :])) if self._values else math.nan

    def update(self, value: float) -> Change | None:
        """Take the next number in; the change that it gives away, if it does."""
        if not math.isfinite(value):
            raise ValueError(f"a finite number is expected, not {value}")
        if self._alarm:  # only now, so that the sums show what gave the alarm
            self.up = self.down = 0.0
        step = self._standardised(value)
        at = len(self._values)
        self._values.append(float(value))
        if self.up == 0:
            self._since_up = at
        if self.down == 0:
            self._since_down = at
        self.up = max(0.0, self.up + step - self.allowance)
        self.down = max(0.0, self.down - step - self.allowance)
        self._alarm = max(self.up, self.down) > self.limit
        if not self._alarm:
            return None
        since = self._since_up if self.up > self.down else self._since_down
        change = Change(
            at,
            since,
            float(np.mean(self._values[self._first : since])),
            float(np.mean(self._values[since:])),
        )
        self._first = since
        return change

    def _standardised(self, value: float) -> float:
        """Standard normal without a change: from Student's t of the number against its forerunners.

        0 for the first two, which say nothing about the spread.
        """
        before = np.array(self._values[self._first :])
        count = len(before)
        if count < 2:
            return 0.0
        spread = before.std(ddof=1)
        distance = value - before.mean()
        rounding = 1e-9 * np.abs(before).max()
        if spread <= rounding:
            return math.copysign(LARGEST_STEP, distance) if abs(distance) > rounding else 0.0
        student = math.sqrt(count / (count + 1)) * distance / spread
        return float(np.clip(norm.ppf(t.cdf(student, count - 1)), -LARGEST_STEP, LARGEST_STEP))
