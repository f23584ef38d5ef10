"""Each page runs in an empty folder that holds the files which the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import write_files


@pytest.fixture(autouse=True)
def page_folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the files of the page and go there."""
    write_files(request.node.path, tmp_path)
    monkeypatch.chdir(tmp_path)
