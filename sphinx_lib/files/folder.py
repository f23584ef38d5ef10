"""A folder that is written to: its files lie in it, whatever names and links say."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import count
from os.path import realpath
from pathlib import Path

from sphinx_lib.files.links import link_out, told
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.file_names import name_fault

_FLAGS = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True)
class Folder:
    """Names are those of files in it. InputError for a name or a link that leads out."""

    path: Path

    @classmethod
    def at(cls, path: Path) -> Folder:
        """The folder, made when it is not there; InputError when it cannot be."""
        try:
            path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise InputError([f"{path} is a file; give the name of a folder"]) from None
        except OSError as error:
            raise InputError([f"{path} cannot be made: {error.strerror}"]) from None
        return cls(path)

    def below(self, name: str) -> Folder:
        """A folder in it, made when it is not there."""
        path = self.path_of(name)
        if real := link_out(path, self.path):
            raise InputError([f"{told(path, real)}; put a folder there"])
        return Folder.at(path)

    def path_of(self, name: str) -> Path:
        """Where a file called ``name`` stands."""
        if fault := name_fault(name):
            raise InputError([f"{self.path}: {fault}"])
        return self.path / name

    def write(self, name: str, content: bytes) -> Path:
        """Write a file, in place of one of the same name; a link is not written through."""
        path = self.path_of(name)
        if path.is_symlink():
            raise InputError(
                [f"{path} is a link, to {realpath(path)}, and is not written through; take it away"]
            )
        try:
            _put(path, content, os.O_TRUNC)
        except OSError as error:
            raise InputError([f"{path} cannot be written: {error.strerror}"]) from None
        return path

    def add(self, name: str, content: bytes) -> Path:
        """Write a file that replaces none: it is called ``name (2)`` where there is another one."""
        path = self.path_of(name)
        for number in count(2):
            try:
                _put(path, content, os.O_EXCL)
            except FileExistsError:
                if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
                    break
                path = self.path_of(f"{Path(name).stem} ({number}){Path(name).suffix}")
            else:
                break
        return path


def _put(path: Path, content: bytes, flag: int) -> None:
    with os.fdopen(os.open(path, _FLAGS | flag, 0o666), "wb") as file:
        file.write(content)
