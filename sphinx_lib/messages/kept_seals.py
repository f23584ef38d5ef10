"""Seals in files outside the database: ``seal-main-000012.json``, and beside it its time stamp,
``….json.tsr``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sphinx_lib.app.sealing import file_name
from sphinx_lib.app.timestamps import Post, stamped_at, timestamp
from sphinx_lib.kernel.errors import InputError, TimestampError
from sphinx_lib.kernel.seal import Seal

_BEGINS = re.compile(r"\s*(?:\{|seal\s+\d)", re.IGNORECASE)


class Kept(NamedTuple):
    """A seal, where it was read, the bytes that were stamped, and the reply of the authority that
    stamped them.
    """

    seal: Seal
    where: str
    content: bytes
    stamp: bytes | None = None


def keep(seal: Seal, place: Path) -> Path:
    """Write ``seal`` to the file ``place``, or into the folder that it is, and give the file.

    A file that is there with the same seal is left alone; InputError when it holds anything else.
    """
    file = place / file_name(seal) if place.is_dir() else place
    try:
        with file.open("xb") as new:
            new.write(seal.json().encode())
    except FileExistsError:
        if file.read_bytes() != seal.json().encode():
            raise InputError(
                [f"{file} is there and holds something else; name another file, or a folder"]
            ) from None
    except OSError as error:
        raise InputError([f"{file} cannot be written: {error.strerror}"]) from None
    return file


def stamp(seal: Seal, file: Path, post: Post) -> Path:
    """Ask for a time stamp on the seal in ``file`` and write it beside it; one that is there is
    left alone.
    """
    beside = _beside(file)
    if not beside.exists():
        beside.write_bytes(timestamp(seal, post))
    return beside


def kept(given: Sequence[str]) -> list[Kept]:
    """The seals that were given: each as its text, a file, or a folder with such files.

    Raises InputError with all that cannot be read.
    """
    found: list[Kept] = []
    wrong: list[str] = []
    for one in given:
        if _BEGINS.match(one):
            found.append(Kept(Seal.read(one), "as given", one.encode()))
            continue
        files = list(_files(Path(one)))
        wrong += [] if files else [f"{one}: neither a seal nor a file or folder with seals"]
        for file in files:
            try:
                content = file.read_bytes()
                seal = Seal.read(content.decode())
            except (InputError, OSError, UnicodeDecodeError) as error:
                wrong.append(f"{file}: {error}")
            else:
                beside = _beside(file)
                found.append(
                    Kept(seal, str(file), content, beside.read_bytes() if beside.exists() else None)
                )
    if wrong:
        raise InputError(wrong)
    return found


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    elif place.is_dir():
        yield from sorted(place.glob("*.json"))


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.tsr")


def stamps(seals: Sequence[Kept], certificates: Path | None) -> Iterator[tuple[str, bool]]:
    """What the time stamps of ``seals`` prove, in words, and whether it is what they should.

    With ``certificates`` each seal must have a stamp: who replaced a seal could have taken its
    stamp away.
    """
    trusted = None if certificates is None else _read(certificates)
    for one in seals:
        if trusted is not None:
            yield _stamped(one, trusted)
        elif one.stamp is not None:
            missing = "its time stamp was not checked; name its authority's certificate with --tsa"
            yield f"{one.where}: {missing}", True


def _stamped(one: Kept, trusted: bytes) -> tuple[str, bool]:
    if one.stamp is None:
        return f"{one.where}: there is no time stamp beside it", False
    try:
        moment = stamped_at(one.content, one.stamp, trusted)
    except TimestampError as error:
        return f"{one.where}: {error}", False
    return (
        f"{one.where}: its time stamp proves that it was there on {moment:%Y-%m-%d %H:%M:%S} UTC",
        True,
    )


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InputError([f"{file}: {error.strerror}"]) from None
