"""Golden files: what a test made is compared with what was looked at and kept.

``UPDATE_GOLDEN=1 pytest tests/golden`` writes them anew; look at the difference in git before it is kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

Golden = Callable[[str, str], None]


@pytest.fixture
def golden() -> Golden:
    """Compares a text with the file of that name in this folder, or writes it when UPDATE_GOLDEN is set."""
    update = os.environ.get("UPDATE_GOLDEN") == "1"

    def compare(name: str, made: str) -> None:
        file = Path(__file__).parent / name
        if update:
            file.parent.mkdir(exist_ok=True)
            file.write_text(made, encoding="utf-8")
        assert file.is_file(), f"{file} is missing: run UPDATE_GOLDEN=1 pytest {Path(__file__).parent} and look at it"
        assert made == file.read_text(encoding="utf-8")

    return compare
