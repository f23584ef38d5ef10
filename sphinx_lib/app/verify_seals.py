"""Checking seals: those of the database against its audit log, and those kept outside against the
database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.seal import Seal
from sphinx_lib.store import seals


class SealFault(NamedTuple):
    """What of the seals does not hold: where, what, and the number of the seal."""

    where: str
    what: str
    seal: int


class Comparison(NamedTuple):
    """A seal kept outside beside the database: whether all that it covers is as it was sealed, and
    if not, why.
    """

    seal: Seal
    holds: bool
    what: str


def seal_faults(connection: Connection, company: str) -> Iterator[SealFault]:
    """Seals that do not follow each other or do not come to their hash, and sealed entries that are
    not as they were.
    """
    stored = seals.every(connection, company)
    for one in seals.lost(connection, company, 0, max((seal.number for seal in stored), default=0)):
        where = f"{one.type} {one.number or one.document_id}" if one.type else one.document_id
        what = f"audit entry {one.version}, sealed, {'is gone' if one.gone else 'was changed'}"
        yield SealFault(where, what, one.seal)
    yield from _chain(connection, company, stored)
    missing = seals.numbers_of_members(connection, company) - {seal.number for seal in stored}
    for number in sorted(missing):
        yield SealFault(f"seal {number}", "it is gone, its entries are still there", number)


def _chain(connection: Connection, company: str, stored: Sequence[Seal]) -> Iterator[SealFault]:
    """Each seal comes to its hash, and follows the one before: by number, by hash, and by a recipe
    that is not older.
    """
    if not stored:
        return
    members = seals.members_by_seal(connection, company, stored[0].number, stored[-1].number)
    at = next(members, None)
    expected, previous, recipe = 1, "", 1
    for seal in stored:
        while at is not None and at[0] < seal.number:  # of a seal that is gone: told by its number
            at = next(members, None)
        right = seals.digested(seal, at[1] if at is not None and at[0] == seal.number else ())
        follows = (
            seal.number == expected
            and seal.previous_hash == previous
            and recipe <= seal.recipe <= seals.RECIPE
        )
        if not follows or right != seal:
            yield SealFault(f"seal {seal.number}", "the seal does not hold", seal.number)
        expected, previous, recipe = seal.number + 1, seal.hash, seal.recipe


def check_seals(
    connection: Connection, company: str, kept: Sequence[Seal], altered: Collection[tuple[Id, int]]
) -> tuple[list[tuple[str, str]], tuple[Comparison, ...]]:
    """What does not hold of the seals in the database and of those ``kept`` outside, and how each
    of these compares.
    """
    faults = list(seal_faults(connection, company))
    compared = compare(connection, company, kept, faults, altered)
    told = [(one.where, one.what) for one in faults]
    told += [(one.seal.name, one.what) for one in compared if not one.holds]
    return told, tuple(compared)


def compare(
    connection: Connection,
    company: str,
    kept: Sequence[Seal],
    faults: Iterable[SealFault],
    altered: Collection[tuple[Id, int]],
) -> list[Comparison]:
    """Each seal that was ``kept`` outside beside the one that the database has under its number.

    A seal holds only when it and all before it do: ``faults`` are those that ``seal_faults`` told,
    ``altered`` the entries, by document and version, that no longer come to their hash.
    """
    if not kept:
        return []
    stored = {seal.number: seal for seal in seals.every(connection, company)}
    over = seals.first_over(connection, company, altered)
    broken = min(
        (*(fault.seal for fault in faults), *([over] if over is not None else [])), default=None
    )
    found, held = [], 0
    for seal in sorted(kept, key=lambda one: one.number):
        wrong = _difference(seal, stored.get(seal.number), max(stored, default=0), held)
        if not wrong and broken is not None and broken <= seal.number:
            wrong = f"it is in the database, but what seal {broken} covers does not hold"
        if not wrong:
            held = seal.number
        found.append(
            Comparison(seal, not wrong, wrong or "every audit entry up to it is as it was sealed")
        )
    return found


def refuse_foreign(company: str, kept: Sequence[Seal]) -> None:
    """Raises InputError for seals of another company: they say nothing about this one."""
    foreign = [seal.name for seal in kept if seal.company != company]
    if foreign:
        raise InputError(
            [f"{name} is none of {company}; open the company that it names" for name in foreign]
        )


def _difference(kept: Seal, stored: Seal | None, last: int, held: int) -> str:
    """Why the database no longer has the seal that was ``kept``; empty when it has. ``held`` is the
    last that holds.
    """
    since = f"after seal {held}, which holds, and up to it" if held else "up to it"
    if stored is None:
        ends = f"ends at seal {last}" if last else "has no seal"
        return f"it is not in the database, which {ends}: what was recorded {since} was cut off"
    if stored.hash != kept.hash:
        told = "the database has another hash under its number"
        return f"{told}: what was recorded {since} was rewritten"
    if stored != kept:
        names = ("sealed_at", "entries", "previous_hash", "recipe")
        pairs = [(name, getattr(stored, name), getattr(kept, name)) for name in names]
        said = ", ".join(
            f"{name} {now} instead of {then}" for name, now, then in pairs if now != then
        )
        return f"the database has the same hash, but {said}"
    return ""
