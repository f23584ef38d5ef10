"""Why a price is what it is, in words: the rows of a trace with labels and reasons in a language (§18.3, S52)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sphinx_lib.kernel.document import ZERO, TraceRow
from sphinx_lib.kernel.localized import number, point_of
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.pricing_model import Group

TOTAL = "total"
"""The step of the last row, which is no step of the schema: the net unit price that the active rows add up to."""

_FREE_FROM = "free from "
_GAP = "  "


class Explained(NamedTuple):
    """A row of an explanation: ``label`` and ``note`` (why it does not count, or who entered it) in words.

    ``amount`` is what the row adds to the price, none where it does not count; ``running`` is the price after it, of a row
    that does not count the price that it would have led to. ``rate`` is in percent of ``basis``.
    """

    label: str
    amount: Decimal | None
    running: Decimal | None
    note: str
    row: TraceRow

    def as_json(self) -> dict[str, Any]:
        """The row for a host: numbers as plain text, names of the configuration beside the words."""
        row = self.row
        return {
            "step": row.step, "label": self.label, "record": row.record, "access": row.access, "rate": _text(row.rate),
            "basis": _text(row.basis), "amount": _text(self.amount), "running": _text(self.running),
            "active": row.active, "reason": row.reason, "note": self.note,
        }  # fmt: skip


def explain(trace: Sequence[TraceRow], pack: Pack, language: str) -> tuple[Explained, ...]:
    """The rows of a price in words, then the net unit price; the amounts that are not none add up to it. None without rows.

    Words are the ``label`` of steps and groups and the ``labels`` of the configuration.
    """
    if not trace:
        return ()
    rows = []
    running = ZERO
    for row in trace:
        running += row.amount if row.active else ZERO
        after = running if row.active else row.running
        amount = row.amount if row.active else None
        rows.append(Explained(_label(row, pack, language), amount, after, _note(row, pack, language), row))
    total = TraceRow(TOTAL, running, running=running)
    return (*rows, Explained(pack.label("price_total", language), running, running, "", total))


def _label(row: TraceRow, pack: Pack, language: str) -> str:
    """What a row is called: its step, a guard, or what the engine adds, such as the rounding."""
    if row.step in pack.model.price_steps:
        return _named(row.step, pack, language)
    if any(row.step in rules.guards for rules in pack.model.schemas.values()):
        return pack.label("price_guard", language).format(guard=row.step)
    key = f"price_{row.step}"
    return pack.label(key, language) if key in pack.model.labels else row.step


def _named(name: str, pack: Pack, language: str) -> str:
    """The label of a group or a step, else its name as words."""
    declared = _groups(pack).get(name) or pack.model.price_steps.get(name)
    said = in_language(declared.label, language) if declared is not None else ""
    return said or name.replace("_", " ")


def _groups(pack: Pack) -> dict[str, Group]:
    return {name: group for rules in pack.model.schemas.values() for name, group in rules.groups.items()}


def _note(row: TraceRow, pack: Pack, language: str) -> str:
    """The reason of a row in words; who entered a price by hand, and why, as it was written."""
    key = "price_note_" + row.reason.replace(" ", "_")
    if key in pack.model.labels:
        return pack.label(key, language)
    if row.reason.startswith(_FREE_FROM):
        return pack.label("price_note_free_from", language).format(amount=row.reason.removeprefix(_FREE_FROM))
    about, _, kept = row.reason.partition(": ")
    if row.active or not kept:
        return row.reason
    if about in _groups(pack) and kept in ("max", "first"):
        return pack.label(f"price_note_{kept}", language).format(group=_named(about, pack, language))
    return pack.label("price_note_kept", language).format(kept=_named(kept, pack, language))


def table(rows: Sequence[Explained], language: str) -> str:
    """The rows as a text in columns: what, record, percent, amount, price after it, note.

    Numbers stand in line by their point; the price of a row that does not count stands in brackets.
    """
    columns = [
        [one.label for one in rows],
        [_record(one.row) for one in rows],
        _right([f"{_number(one.row.rate, language)} %" if one.row.rate is not None else "" for one in rows]),
        _by_point([_number(one.amount, language) for one in rows], point_of(language)),
        _by_point([_after(one, language) for one in rows], point_of(language)),
        [one.note for one in rows],
    ]
    wide = [max(map(len, column), default=0) for column in columns]
    lines = zip(*columns, strict=True)
    return "\n".join(
        _GAP.join(cell.ljust(width) for cell, width in zip(line, wide, strict=True) if width).rstrip() for line in lines
    )


def _record(row: TraceRow) -> str:
    return f"{row.record} ({row.access})" if row.access else row.record


def _after(one: Explained, language: str) -> str:
    if one.row.step == TOTAL:
        return ""
    text = _number(one.running, language)
    return f"({text})" if text and not one.row.active else text


def _number(value: Decimal | None, language: str) -> str:
    return "" if value is None else number(value, language)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain_number(value)


def _right(cells: Iterable[str]) -> list[str]:
    found = list(cells)
    wide = max(map(len, found), default=0)
    return [cell.rjust(wide) for cell in found]


def _by_point(cells: Iterable[str], point: str) -> list[str]:
    """Numbers below each other, whatever the number of their decimals."""
    parts = [_parted(cell, point) for cell in cells]
    before = max((len(whole) for whole, _ in parts), default=0)
    after = max((len(rest) for _, rest in parts), default=0)
    return [whole.rjust(before) + rest.ljust(after) for whole, rest in parts]


def _parted(cell: str, point: str) -> tuple[str, str]:
    place = next((place for place, sign in enumerate(cell) if sign in (point, ")")), len(cell))
    return cell[:place], cell[place:]
