"""UUIDv7: ids that grow with time, so that indexes stay dense (architecture 4.16)."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

_BLOCK = 4096


class Uuid7:
    """Gives ids of 32 hexadecimal digits, strictly growing within one object; safe to call from several threads.

    ``milliseconds`` tells the time and ``random`` gives random bytes, which are drawn in blocks.
    """

    def __init__(self, milliseconds: Callable[[], int], random: Callable[[int], bytes]) -> None:
        self._milliseconds, self._random = milliseconds, random
        self._lock = Lock()
        self._last, self._counter, self._bytes, self._used = 0, 0, b"", 0

    def __call__(self) -> str:
        """A new id: 48 bits of time, a 26-bit counter that starts anew each millisecond, 48 random bits."""
        with self._lock:
            now = self._milliseconds()
            if now > self._last:
                self._last, self._counter = now, 0
            self._counter += 1
            if self._used + 6 > len(self._bytes):
                self._bytes, self._used = self._random(_BLOCK), 0
            tail = int.from_bytes(self._bytes[self._used : self._used + 6], "big")
            self._used += 6
            high, low = self._counter >> 14, self._counter & 0x3FFF
            value = (self._last << 80) | (7 << 76) | ((high & 0xFFF) << 64) | (2 << 62) | (low << 48) | tail
        return f"{value:032x}"
