"""What a page of the documentation shows besides its Python examples: files, and commands with their output.

A fenced block whose first line names a file (``# file: my_company/sales.yaml``) is that file. A ``console`` block holds
commands after ``$ `` with what they print; ``…`` there stands for any text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"(?:#|\{#) file: (\S+)")


class Command(NamedTuple):
    """A command and the lines that the page says it prints."""

    line: str
    output: str


def write_files(page: Path, folder: Path) -> list[str]:
    """Write the files that ``page`` shows into ``folder``; returns their names."""
    names = []
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        named = _FILE.match(match.group(2))
        if named is not None:
            path = folder / named.group(1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(match.group(2), encoding="utf-8")
            names.append(named.group(1))
    return names


def commands(page: Path) -> Iterator[Command]:
    """The commands of ``page`` in order."""
    return (step for step in steps(page) if isinstance(step, Command))


def steps(page: Path) -> Iterator[Command | str]:
    """The commands and the Python blocks of ``page``, in the order in which a reader follows them."""
    for match in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if match.group(1) == "python":
            yield match.group(2)
        elif match.group(1) == "console":
            for part in re.split(r"^\$ ", match.group(2), flags=re.MULTILINE)[1:]:
                line, _, output = part.partition("\n")
                yield Command(line, output.strip())


def is_printed(expected: str, printed: str) -> bool:
    """Whether ``printed`` is what the page says."""
    return re.fullmatch(".*".join(map(re.escape, expected.split("…"))), printed, re.DOTALL) is not None
