"""The pytest fixture ``sphinx``: a Sphinx in memory on the configuration that ``sphinx_config`` names.

It is loaded at every start of pytest, so what it needs is imported when it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sphinx_lib.app.sphinx import Sphinx


@pytest.fixture
def sphinx_config() -> Any:
    """The configuration laid over the shipped one, none; a suite says its own in a fixture of the same name."""
    return ()


@pytest.fixture
def sphinx(sphinx_config: Any) -> Iterator[Sphinx]:
    """A Sphinx in a database of its own in memory; its clock stands at 2026-01-01, 08:00 UTC."""
    from sphinx_lib.testing.memory import in_memory

    app = in_memory(sphinx_config)
    yield app
    app.engine.dispose()
