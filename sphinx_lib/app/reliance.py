"""What a unit of work has read without a lock and decided by, looked at again once it holds its locks (architecture 4.17).

Units of work read freely and lock late, so that they rarely wait. What was read may be out of date by then. Documents say
so by their version. All else is told here: master records by their version, stock and outstanding by their figures. Where
a figure has changed, each decision that was taken on it is taken again; another answer is a ConcurrentChange. On SQLite
there is nothing to look at, since one unit of work keeps all others out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sphinx_lib.app.open_counts import open_counts_of
from sphinx_lib.kernel.document import ZERO
from sphinx_lib.kernel.errors import ConcurrentChange, SphinxError
from sphinx_lib.pack.specs import Situation, StockKey
from sphinx_lib.store import claims, engine
from sphinx_lib.store import documents as store_documents
from sphinx_lib.store import master as store_master
from sphinx_lib.store.references import with_references
from sphinx_lib.store.stock import Balance

if TYPE_CHECKING:
    from sphinx_lib.app.unit import Unit

Sums = dict[str, Decimal]


class Decision(NamedTuple):
    """What was asked of a situation, and the answer that the unit of work went on with."""

    situation: Situation
    ask: Callable[[Situation], Any]
    answer: Any


@dataclass
class Reliance:
    """The decisions of a unit of work, and the outstanding that they asked for: by party, by class, as it was stored."""

    decisions: list[Decision] = field(default_factory=list)
    outstanding: dict[str, Sums] = field(default_factory=dict)

    def decided(self, situation: Situation, ask: Callable[[Situation], Any], answer: Any) -> None:
        """Keep a decision, if it may have been taken on figures that others change."""
        if situation.available or situation.outstanding:
            self.decisions.append(Decision(situation, ask, answer))

    def clear(self) -> None:
        """Forget everything: it was written."""
        self.decisions.clear()
        self.outstanding.clear()


class Noted(Mapping[str, Decimal]):
    """The outstanding of a party by class, computed when first asked for; whoever asks is noted."""

    def __init__(self, compute: Callable[[], Sums], note: Callable[[], None]) -> None:
        self._compute, self._note = compute, note
        self._sums: Sums | None = None

    def __getitem__(self, name: str) -> Decimal:
        return self._asked()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._asked())

    def __len__(self) -> int:
        return len(self._asked())

    def __bool__(self) -> bool:
        """Whether it was asked for."""
        return self._sums is not None

    def _asked(self) -> Sums:
        if self._sums is None:
            self._sums = self._compute()
            self._note()
        return self._sums


def noted(unit: Unit, party: str, compute: Callable[[], Sums]) -> Noted:
    """The outstanding of ``party`` as ``compute`` gives it; that it was asked for is kept in the unit of work."""
    return Noted(compute, partial(_note, unit, party))


def _note(unit: Unit, party: str) -> None:
    if party in unit.outstanding:
        unit.reliance.outstanding.setdefault(party, dict(unit.outstanding[party]))


# -- before anything is written ------------------------------------------------------------------------------------------


def take_turns(unit: Unit) -> None:
    """Let units of work that decide on the same sums, references or counts be written one after the other, and keep the
    documents that were read, and are not written, as they were read. Raises ConcurrentChange when one has changed."""
    if engine.writes_alone(unit.connection):
        return
    names = {f"outstanding {party}" for party in unit.reliance.outstanding}
    names |= {f"references {one.party}" for one in unit.referenced}
    names |= {f"count {warehouse}" for _, warehouse in unit.counted}
    claims.claim(unit.connection, unit.company, names)
    read = [one for one in unit.tracked.values() if not one.changed]
    if not read:
        return
    seen = {one.original.id: one.original.version for one in unit.tracked.values() if one.original}
    gone = set(store_documents.hold(unit.connection, unit.company, seen))
    changed = [one.document for one in unit.tracked.values() if one.document.id in gone]
    if changed:
        raise ConcurrentChange(
            f"somebody else changed {store_documents.names_of(changed)} meanwhile; read it again",
            documents=tuple(one.id for one in changed),
        )


# -- once all is locked --------------------------------------------------------------------------------------------------


def still_holds(unit: Unit, stock: Mapping[StockKey, Balance]) -> None:
    """Raises ConcurrentChange when something that the unit of work decided by is no longer so; ``stock`` is what
    ``moved_stock`` has found."""
    if engine.writes_alone(unit.connection):
        return
    _refuse_new_documents(unit)
    _refuse_changed_records(unit)
    owed = _moved_outstanding(unit)
    for decision in unit.reliance.decisions if stock or owed else ():
        now = _as_it_is(decision.situation, stock, owed)
        if now is not decision.situation and not _same(decision, now):
            document = decision.situation.document
            raise ConcurrentChange(
                f"{document.type} {document.number or 'draft'} was decided on stock or an outstanding that somebody else "
                "changed meanwhile; do it again",
                documents=(document.id,),
            )


def _same(decision: Decision, now: Situation) -> bool:
    """Whether the same question has the same answer now; what was asked of promised days is not asked again."""
    if _was_asked(decision.situation.at_dates):
        return False
    try:
        return bool(decision.ask(now) == decision.answer)
    except SphinxError:  # it would be refused now: doing it again says so in its own words
        return False


def _was_asked(once: Callable[[], Any]) -> bool:
    info = getattr(once, "cache_info", None)
    return info is not None and info().currsize > 0


def _as_it_is(situation: Situation, stock: Mapping[StockKey, Balance], owed: Mapping[str, Sums]) -> Situation:
    """``situation`` with what others have changed; itself where that does not touch it."""
    values: dict[str, Any] = {}
    if stock.keys() & situation.available.keys():
        values["available"] = {
            key: there + (stock[key].physical - stock[key].reserved if key in stock else ZERO)
            for key, there in situation.available.items()
        }
        values["physical"] = {
            key: there + (stock[key].physical if key in stock else ZERO) for key, there in situation.physical.items()
        }
    party = situation.document.party or ""
    if party in owed and situation.outstanding:
        values["outstanding"] = _sum(situation.outstanding, owed[party])
    return replace(situation, **values) if values else situation


def _sum(first: Mapping[str, Decimal], second: Mapping[str, Decimal]) -> Sums:
    return {name: first.get(name, ZERO) + second.get(name, ZERO) for name in [*first, *(second.keys() - first.keys())]}


def moved_stock(unit: Unit, before: Mapping[StockKey, Balance]) -> dict[StockKey, Balance]:
    """By item and warehouse, what others have added since the unit of work read it.

    ``before`` are the balances that the unit has changed as they were under the lock, without its own changes.
    """
    found: dict[StockKey, Balance] = {}
    if engine.writes_alone(unit.connection):
        return found
    for key, there in before.items():
        if key[0] in unit.item_policies:
            seen = unit.balances.get(key, Balance())
            change = Balance(*(now - then for now, then in zip(there[:3], seen[:3], strict=True)))
            if any(change):
                found[key] = change
    return found


def _moved_outstanding(unit: Unit) -> dict[str, Sums]:
    """By party, what others have added to its outstanding since the unit of work asked for it."""
    asked = unit.reliance.outstanding
    if not asked:
        return {}
    _, now = store_master.load_outstanding(unit.connection, unit.company, asked)
    own, found = _own_outstanding(unit), {}
    for party, seen in asked.items():
        expected = _sum(seen, own.get(party, {}))
        change = {name: amount for name, amount in _less(now.get(party, {}), expected).items() if amount}
        if change:
            found[party] = change
    return found


def _less(first: Mapping[str, Decimal], second: Mapping[str, Decimal]) -> Sums:
    return _sum(first, {name: -amount for name, amount in second.items()})


def _own_outstanding(unit: Unit) -> dict[str, Sums]:
    """By party, what the documents that this unit of work has updated, but not those that it adds, change of it."""
    found: dict[str, Sums] = {}
    for tracked in unit.tracked.values():
        if tracked.original is not None and tracked.changed:
            for document, sign in ((tracked.original, -1), (tracked.document, 1)):
                if document.exposure:
                    sums = found.setdefault(document.party or "", {})
                    name = document.exposure_class
                    sums[name] = sums.get(name, ZERO) + sign * document.exposure
    return found


def _refuse_new_documents(unit: Unit) -> None:
    """Another document with a reference that was looked for, or another count of a place that was asked about."""
    found: list[str] = []
    if unit.referenced:
        found += with_references(unit.connection, unit.company, unit.referenced)
    if unit.counted:
        found += open_counts_of(unit, unit.counted)
    new = [one for one in found if one not in unit.tracked]
    if new:
        raise ConcurrentChange("somebody else entered a document with the same reference, or began to count the same "
                               "place, meanwhile; do it again", documents=tuple(new))  # fmt: skip


def _refuse_changed_records(unit: Unit) -> None:
    """The parties and items that the unit of work goes by are still as it read them."""
    put = {(one.kind, one.row["code"]) for one in unit.master}
    seen = {
        "customer": _versions(unit.parties.values(), {code for kind, code in put if kind in ("customer", "supplier")}),
        "item": _versions(unit.items.values(), {code for kind, code in put if kind == "item"}),
    }
    changed = store_master.changed_since(unit.connection, unit.company, seen)
    if changed:
        names = ", ".join(f"{kind} {code}" for kind, code in changed)
        raise ConcurrentChange(f"somebody else changed {names} meanwhile; do it again", records=tuple(changed))


def _versions(records: Iterable[Any], put: set[str]) -> dict[str, int]:
    return {one.code: one.version for one in records if one.version and one.code not in put}


__all__: Sequence[str] = ("Decision", "Noted", "Reliance", "moved_stock", "noted", "still_holds", "take_turns")
