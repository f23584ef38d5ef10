"""Asking a time-stamp authority by HTTP, with the standard library (RFC 3161, 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.request import Request, urlopen

from sphinx_lib.kernel.errors import InputError, TimestampError

SECONDS = 30
LONGEST = 1_000_000


def post_to(url: str) -> Callable[[bytes], bytes]:
    """Sends a query to ``url`` and gives the reply; raises TimestampError when there is none."""
    if not url.startswith(("http://", "https://")):
        raise InputError(
            [f"{url!r} is no address of a time-stamp authority; it begins with http:// or https://"]
        )

    def post(query: bytes) -> bytes:
        request = Request(
            url, query, {"Content-Type": "application/timestamp-query"}, method="POST"
        )
        try:
            with urlopen(request, timeout=SECONDS) as answer:
                reply: bytes = answer.read(LONGEST)
        except OSError as error:
            raise TimestampError(f"no time stamp from {url}: {error}") from error
        return reply

    return post
