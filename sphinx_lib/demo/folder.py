"""The folder that the demo writes to: it keeps a list of its files, so that the next run takes away only those."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sphinx_lib.files.folder import Folder as Files
from sphinx_lib.files.links import link_out
from sphinx_lib.kernel.errors import InputError

LIST = "files.txt"
BESIDE = ("-wal", "-shm", "-journal")  # what SQLite keeps beside a database


@dataclass
class Folder:
    """``written`` holds the names of the files of this run, relative to ``path``."""

    path: Path
    written: list[str] = field(default_factory=list)

    @classmethod
    def cleared(cls, path: Path) -> Folder:
        """The folder, without the files that an earlier run has listed, even one that was stopped; all other files stay."""
        Files.at(path)
        listed = path / LIST
        names = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else [LIST]
        if LIST not in names:
            raise InputError([_not_ours(listed)])
        for name in names:
            file = path / name
            if link_out(file, path) is None:
                file.unlink(missing_ok=True)
        return cls(path)

    def write(self, name: str, content: bytes) -> None:
        """Write a file of ours, ``files.txt`` or ``pdf/FA2026-00001.pdf``."""
        self._ours(name)
        below, _, last = name.rpartition("/")
        folder = Files(self.path)
        (folder.below(below) if below else folder).write(last, content)

    def new(self, database: str) -> Path:
        """The path of a SQLite database that does not exist yet."""
        file = self._ours(database)
        for end in BESIDE:
            (self.path / f"{database}{end}").unlink(missing_ok=True)
        return file

    def _ours(self, name: str) -> Path:
        """The path of a file of this run, listed before it is written; InputError where somebody else's file stands."""
        file = self.path / name
        if name not in self.written:
            if file.exists():
                raise InputError([_not_ours(file)])
            self.written.append(name)
            self._list()
        return file

    def _list(self) -> None:
        names = sorted({*self.written, LIST})
        Files(self.path).write(LIST, ("\n".join(names) + "\n").encode())

    def take_over(self, names: Iterable[str]) -> None:
        """Count files as ours that somebody else wrote for us, as far as they exist."""
        self.written += [name for name in names if name not in self.written and (self.path / name).is_file()]

    def finish(self) -> dict[str, int]:
        """Write the list; returns how many files each folder below has."""
        self._list()
        return {below: sum(name.startswith(f"{below}/") for name in self.written) for below in ("pdf", "mails", "letters")}


def _not_ours(file: Path) -> str:
    return f"{file} was not made by a demo, and is not replaced; move it away, or give another folder"
