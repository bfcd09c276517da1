"""What the app remembers between reruns."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any


class Memory:
    """The last results of something slow, shared by all sessions.

    One is made at a time, since a network uses all cores and much memory; who asks for the same
    meanwhile waits for it. Streamlit's own cache cannot show progress from within.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Hashable, Any] = OrderedDict()
        self._looking = threading.Lock()
        self._making = threading.Lock()

    def __call__(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The value of a key, made where it is not remembered; the one used longest ago goes."""
        with self._looking:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        with self._making:
            if key not in self._values:
                value = make()
                with self._looking:
                    self._values[key] = value
                    while len(self._values) > self._most:
                        self._values.popitem(last=False)
                return value
        return self(key, make)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._values
