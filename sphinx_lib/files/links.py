"""Symbolic links: followed inside a folder, and not out of it."""

from __future__ import annotations

from os.path import realpath
from pathlib import Path


def link_out(file: Path, folder: Path) -> Path | None:
    """Where ``file`` really lies when links lead it out of ``folder``; None when it stays inside.

    The folder itself may be a link: who named it meant what it leads to. The file may be missing.
    """
    real = Path(realpath(file))
    return None if real.is_relative_to(realpath(folder)) else real


def told(file: Path, real: Path) -> str:
    """What is wrong with a link that leads out, for an error that names its file."""
    return f"{file} is a link that leads out, to {real}"
