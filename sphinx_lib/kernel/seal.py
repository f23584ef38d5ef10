"""A seal of the audit log as it leaves the database: printed, typed back, kept in a file
(architecture 4.7).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sphinx_lib.kernel.errors import InputError

_TEXT = re.compile(
    r"seal (?P<number>\d{1,9}) of (?P<company>.+?) (?P<sealed_at>\d{4}-\d\d-\d\dT\S+),"
    r" (?P<entries>\d{1,12}) entr(?:y|ies), recipe (?P<recipe>\d{1,4})"
    r" after (?P<previous_hash>nothing|[0-9a-f ]+?) hash (?P<hash>[0-9a-f ]+)"
    r" check (?P<check>[0-9a-f]{8})",
    re.IGNORECASE,
)
_PLAIN = re.compile(r'[^\s"]+(?: [^\s"]+)*')
_HASH = re.compile(r"[0-9a-f]{64}")
_GROUP = 8


@dataclass(frozen=True)
class Seal:
    """A digest over everything that the audit log held when it was sealed, and over the seal
    before.

    ``entries`` counts what this seal adds to the one before; ``previous_hash`` is empty in the
    first. ``recipe`` says what ``hash`` was made of. ``str(seal)`` is a block to print, which
    ``Seal.read`` takes back.
    """

    company: str
    number: int
    sealed_at: datetime
    entries: int
    previous_hash: str
    hash: str
    recipe: int

    def __str__(self) -> str:
        return "\n".join([*self._said(), f"check {self.check}"])

    @property
    def name(self) -> str:
        """Which seal it is, in a few words."""
        return f"seal {self.number} of {_company(self.company)}"

    @property
    def check(self) -> str:
        """Eight digits over the text, against typing errors; no proof of anything."""
        return sha256("\n".join(self._said()).encode()).hexdigest()[:8]

    def _said(self) -> tuple[str, ...]:
        counted = f"{self.entries} {'entry' if self.entries == 1 else 'entries'}"
        moment = self.sealed_at.astimezone(UTC).isoformat()
        return (
            self.name,
            f"{moment}, {counted}, recipe {self.recipe}",
            f"after {_grouped(self.previous_hash) or 'nothing'}",
            f"hash {_grouped(self.hash)}",
        )

    def json(self) -> str:
        """The content of a seal's file: the same text for the same seal."""
        fields = {
            "company": self.company,
            "number": self.number,
            "sealed_at": self.sealed_at.astimezone(UTC).isoformat(),
            "entries": self.entries,
            "previous_hash": self.previous_hash,
            "hash": self.hash,
            "recipe": self.recipe,
            "check": self.check,
        }
        return json.dumps(fields, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, text: str) -> Seal:
        """The seal that a text says: as printed, with any spaces and line breaks, or the content of
        its file.

        Raises InputError when the text says no seal, or when its check does not fit what was typed.
        """
        said = _from_json(text) if text.lstrip().startswith("{") else _from_text(text)
        check = said.pop("check")
        seal = cls(**said)
        if seal.check != check:
            raise InputError(
                [
                    f"{seal.name}: its check is {check}, what was typed comes to {seal.check}; "
                    "compare each character with the seal as it was printed"
                ]
            )
        return seal


def _company(name: str) -> str:
    """The name as it is, or between quotation marks when spaces in it would be lost."""
    return name if _PLAIN.fullmatch(name) else json.dumps(name)


def _unquoted(company: str) -> str:
    if not company.startswith('"'):
        return company
    try:
        return str(json.loads(company))
    except ValueError:
        raise _no_seal(f"the company {company} is no text between quotation marks") from None


def _grouped(digits: str) -> str:
    return " ".join(digits[start : start + _GROUP] for start in range(0, len(digits), _GROUP))


def _from_text(text: str) -> dict[str, Any]:
    match = _TEXT.fullmatch(" ".join(text.split()))
    if match is None:
        raise _no_seal(
            'it begins with "seal NUMBER of COMPANY" and ends with "check" and eight digits'
        )
    previous = match["previous_hash"].lower()
    return _checked(
        {
            "company": _unquoted(match["company"]),
            "number": int(match["number"]),
            "sealed_at": match["sealed_at"].upper(),
            "entries": int(match["entries"]),
            "previous_hash": "" if previous == "nothing" else previous.replace(" ", ""),
            "hash": match["hash"].lower().replace(" ", ""),
            "recipe": int(match["recipe"]),
            "check": match["check"].lower(),
        }
    )


def _from_json(text: str) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except ValueError as error:
        raise _no_seal(f"it is no JSON: {error}") from None
    wanted = {
        "company": str, "number": int, "sealed_at": str, "entries": int,
        "previous_hash": str, "hash": str,
        "recipe": int, "check": str,
    }  # fmt: skip
    if not isinstance(said, dict) or said.keys() != wanted.keys():
        raise _no_seal(f"its fields are {', '.join(wanted)}")
    wrong = [name for name, kind in wanted.items() if type(said[name]) is not kind]
    if wrong:
        raise _no_seal(f"{wrong[0]} is {said[wrong[0]]!r}")
    return _checked(said)


def _checked(said: dict[str, Any]) -> dict[str, Any]:
    for name in ("previous_hash", "hash"):
        if not _HASH.fullmatch(said[name]) and (name == "hash" or said[name]):
            raise _no_seal(
                f"{name} has 64 digits 0-9, a-f; this one has {len(said[name])} characters"
            )
    try:
        moment = datetime.fromisoformat(said["sealed_at"])
    except ValueError:
        raise _no_seal(f"{said['sealed_at']!r} is no time") from None
    if moment.tzinfo is None:
        raise _no_seal(f"{said['sealed_at']!r} says no time zone")
    return {**said, "sealed_at": moment}


def _no_seal(reason: str) -> InputError:
    return InputError(
        [f"this is no seal as `sphinx-lib seal` prints it or writes it to a file: {reason}"]
    )
