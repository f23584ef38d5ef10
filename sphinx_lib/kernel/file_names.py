"""Names of files made out of document numbers and out of what a configuration says.

``FA/2026/00001`` is a legal number and no name of a file: ``file_name`` gives ``FA-2026-00001``.
What it leaves as it is can be written on every system and stands in the folder that is written to.
"""

from __future__ import annotations

import re
from hashlib import sha256
from unicodedata import category, normalize

LONGEST = 240
"""Bytes of a name; systems take 255."""
_OF_NUMBER = 200
"""Bytes of a name made of a number; an ending is still to come."""
_SIGNS = frozenset('/\\:*?"<>|')
_DEVICES = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\..*)?", re.IGNORECASE
)


def file_name(number: str) -> str:
    """A name for the file of the document ``number``, without an ending.

    Signs that lead to another folder, that a system gives a meaning, or that nobody sees become
    ``-``. Two numbers that differ only in such signs have the same name: ``FA/2026-1`` and
    ``FA-2026/1``.
    """
    return _sound(number, _OF_NUMBER)


def name_fault(name: str) -> str:
    """Why ``name`` cannot be a file of the folder that is written to; empty when it can."""
    sound = _sound(name, LONGEST)
    if name == sound:
        return ""
    if not name or set(name) <= {".", " "}:
        return f"{name!r} is no name of a file"
    return f"{name!r} is no name of a file inside a folder; write {sound!r}"


def file_key(number: str) -> str:
    """Equal for two numbers that have one file, also where ``a`` and ``A`` are one letter."""
    return file_name(number).casefold()


def _sound(number: str, longest: int) -> str:
    name = "".join("-" if _is_replaced(sign) else sign for sign in normalize("NFC", number))
    name = re.sub(r"^[. ]+|[. ]+$", "-", name) or "-"
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    written = name.encode()
    if (
        len(written) > longest
    ):  # the start for the reader, the digest so that two of them are not one
        name = (
            f"{written[: longest - 17].decode(errors='ignore')}-{sha256(written).hexdigest()[:16]}"
        )
    return name


def _is_replaced(sign: str) -> bool:
    kind = category(sign)
    return sign in _SIGNS or kind[0] == "C" or (kind[0] == "Z" and sign != " ")
