"""How often Slack lets an app call: one post a second and channel, tiers per minute and method.

https://docs.slack.dev/apis/web-api/rate-limits
"""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime

WINDOW = 60.0
JITTER = 0.05
"""A post that is due may arrive this much early: the network keeps no exact time."""

TIERS = {1: 1, 2: 20, 3: 50, 4: 100}


@dataclass(slots=True)
class Rates:
    """Counts calls; `burst` is how many posts a channel takes at once (1: none beyond the rate)."""

    burst: int = 1
    posts_per_second: float = 1.0
    tiers: dict[int, int] = field(default_factory=lambda: dict(TIERS))
    _calls: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _posts: dict[str, tuple[float, float]] = field(default_factory=dict)

    def call(self, method: str, tier: int, now: datetime) -> int:
        """Count a call and return 0, or the seconds to wait when the tier's minute is full."""
        allowed = self.tiers.get(tier)
        if allowed is None:
            return 0
        at, calls = now.timestamp(), self._calls[method]
        while calls and calls[0] <= at - WINDOW:
            calls.popleft()
        if len(calls) >= allowed:
            return max(1, math.ceil(calls[0] + WINDOW - at))
        calls.append(at)
        return 0

    def post(self, channel: str, now: datetime) -> int:
        """Count a post to a channel and return 0, or the seconds to wait."""
        at = now.timestamp()
        left, since = self._posts.get(channel, (float(self.burst), at))
        left = min(float(self.burst), left + (at - since) * self.posts_per_second)
        if left < 1 - JITTER:
            self._posts[channel] = (left, at)
            return max(1, math.ceil((1 - left) / self.posts_per_second))
        self._posts[channel] = (left - 1, at)
        return 0
