"""What a registered guard or effect is: a pure function, its parameters, and the facts it needs.

The rule packages register theirs and hosts add their own (``Sphinx.open(extensions=[…])``); the pack only sees these
specs, so that a name or a parameter in YAML is checked at load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import floor
from typing import Any, Literal, NamedTuple

from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.kernel.errors import Refusal
from sphinx_lib.kernel.lots import Lot, Place
from sphinx_lib.kernel.master import Item, Party
from sphinx_lib.pack.base import Strict
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.workflow_model import DocumentType

Need = Literal[
    "party", "items", "stock", "outstanding", "sources", "allocations", "lots", "places", "equipment", "references",
    "others", "counts",
]  # fmt: skip
StockKey = tuple[str, str]


class NoParameters(Strict):
    """For guards and effects that take none."""


class AtItsDate(NamedTuple):
    """A line at its promised day: what may be promised of its item, what it lacks, and the first day that it could have."""

    available: Decimal = ZERO
    missing: Decimal = ZERO
    promise_date: date | None = None


class Frozen(NamedTuple):
    """A place whose book quantity an open count has frozen, and the number or id of the count."""

    by: str
    place: Place


@dataclass(frozen=True, slots=True)
class Situation:
    """What a guard, an effect or an expression may know about one document; loaded before, for a whole batch.

    ``available`` is physical minus reserved by (item, warehouse), without this document's own reservation;
    ``outstanding`` is by class, without this document and the documents it was made from (C2);
    ``sources`` are the lines that this document's lines were made from, and their roots, ``origins`` the documents that
    these stand in, by id; ``same_reference`` is how many earlier documents of its type bear its reference for its party;
    ``policies`` says by (item, warehouse) what the item, else the warehouse, says about stock below zero; ``lots`` are by
    (item, warehouse) the lots and bins in stock, and ``owners`` by (item, serial number) the customers who have it.
    ``others`` finds, when first asked, by source line the lines of other documents of this type made from it that count.
    ``frozen`` finds, when first asked, by (item, warehouse) the places that other open stock counts have frozen (V6).
    ``at_dates`` works out, when first asked, what may be promised for the day of each line.
    """

    document: Document
    type: DocumentType
    pack: Pack
    today: date
    actor: str = ""
    rights: frozenset[str] = frozenset()
    party: Party | None = None
    items: Mapping[str, Item] = field(default_factory=dict)
    available: Mapping[StockKey, Decimal] = field(default_factory=dict)
    physical: Mapping[StockKey, Decimal] = field(default_factory=dict)
    policies: Mapping[StockKey, str] = field(default_factory=dict)
    outstanding: Mapping[str, Decimal] = field(default_factory=dict)
    sources: Mapping[Id, Line] = field(default_factory=dict)
    origins: Mapping[Id, Document] = field(default_factory=dict)
    lots: Mapping[StockKey, Sequence[Lot]] = field(default_factory=dict)
    owners: Mapping[tuple[str, str], str] = field(default_factory=dict)
    same_reference: int = 0
    others: Callable[[], Mapping[Id, Sequence[Line]]] = dict
    frozen: Callable[[], Mapping[StockKey, Sequence[Frozen]]] = dict
    at_dates: Callable[[], Mapping[Id, AtItsDate]] = dict

    def at_date(self, line: Line) -> AtItsDate:
        """What may be promised for the day of ``line``, once the lines before it have theirs; nothing of a service."""
        return self.at_dates().get(line.id, AtItsDate())

    def available_of(self, line: Line) -> Decimal:
        """Available quantity of the line's item at its warehouse, in the stock unit; of a phantom kit whole kits (K11)."""
        if not line.parts:
            return self.available.get((line.item or "", line.warehouse), ZERO)
        of_parts = [
            Decimal(floor(self.available.get((part.item, line.warehouse), ZERO) / part.quantity))
            for part in line.parts
            if part.stocked and part.quantity
        ]
        return min(of_parts, default=ZERO)


class SetLines(NamedTuple):
    """Replace the document's lines; totals follow."""

    lines: tuple[Line, ...]


class Message(NamedTuple):
    """Queue a message in the outbox (MS1)."""

    message: str


class NewRevision(NamedTuple):
    """Write a new draft with the same root number (NU2)."""


class Make(NamedTuple):
    """Derive the next document and fire its event in the same unit of work."""

    to: str
    fire: str | None = None


class AllocateToSources(NamedTuple):
    """Put this credit against the documents it was made from, up to their balance."""


class DeliverPicked(NamedTuple):
    """Deliver what this picking list holds: documents of the type ``to``; drafts that it was made from by ``fire``."""

    to: str
    fire: str


class ReleaseAllocations(NamedTuple):
    """Take back what this payment was put against."""


class RegisterEquipment(NamedTuple):
    """Keep the customers' equipment in step with the serial numbers of this document (EQ1)."""


class RevalueReceipts(NamedTuple):
    """Let goods still held take up the differences between their receipts and this supplier's invoice or credit."""


class ReportPegs(NamedTuple):
    """Put on record, at each customer order, what is no longer on order for it: (order, item, quantity in its unit)."""

    released: tuple[tuple[Id, str, Decimal], ...]


class ReleasePegs(NamedTuple):
    """Let purchase documents wait no more for this customer order: what is on order for it becomes free stock."""


class DeliverPegs(NamedTuple):
    """Derive and ``fire`` the customers' documents for what this receipt brought for their orders (PO6); their field
    ``noted_in`` gets its id."""

    to: str
    fire: str
    noted_in: str | None = None


class UndoPegs(NamedTuple):
    """Fire ``event`` on the documents of a type that this receipt made: their field ``noted_in`` has its id."""

    type: str
    event: str
    noted_in: str


class FireMade(NamedTuple):
    """Fire an event on the documents of a type made from this one, where their state allows it; unless ``optional``,
    none is a refusal."""

    type: str
    event: str
    optional: bool = False


class FireOthers(NamedTuple):
    """Fire an event on the other documents of this type made from the same sources, where their state allows it; with a
    ``type`` on those that go back to the same sources, as a consequence and where the event's condition holds."""

    event: str
    type: str | None = None


class NoteLeft(NamedTuple):
    """Write into a number field of ``lines`` how much of each its sources have left in a progress."""

    progress: str
    into: str
    lines: frozenset[Id]


class KeepPrices(NamedTuple):
    """Keep the prices of the lines as records of the supplier, under a step of the price schema."""

    step: str
    valid_to: str | None = None


Op = (
    SetLines | Message | NewRevision | Make | AllocateToSources | ReleaseAllocations | RegisterEquipment | DeliverPicked
    | RevalueReceipts | ReportPegs | ReleasePegs | DeliverPegs | UndoPegs | FireMade | FireOthers | NoteLeft | KeepPrices
)  # fmt: skip
GuardFunction = Callable[[Situation, Any], Iterable[Refusal]]
EffectFunction = Callable[[Situation, Any], Iterable[Op]]


@dataclass(frozen=True)
class GuardSpec:
    """A guard that YAML may ``use``; ``function(situation, parameters)`` yields its refusals.

    ``facts`` are the names that each refusal carries, which the message in YAML may show as ``{places}``. ``asks`` says
    whether it has anything to ask of a document, by what everybody sees of it; without it, it always has.
    """

    name: str
    function: GuardFunction
    parameters: type[Strict] = NoParameters
    needs: frozenset[Need] = frozenset()
    facts: tuple[str, ...] = ()
    asks: Callable[[Situation, Any], bool] | None = None


@dataclass(frozen=True)
class EffectSpec:
    """An effect that YAML may name; ``function(situation, parameters)`` yields operations.

    ``moment`` says whether it acts in the unit of work or, through the outbox, after its commit.
    """

    name: str
    function: EffectFunction
    parameters: type[Strict] = NoParameters
    needs: frozenset[Need] = frozenset()
    moment: Literal["transaction", "after_commit"] = "transaction"


@dataclass(frozen=True)
class Specs:
    """All guards and effects that one Sphinx knows, by name."""

    guards: Mapping[str, GuardSpec] = field(default_factory=dict)
    effects: Mapping[str, EffectSpec] = field(default_factory=dict)

    @classmethod
    def of(cls, guards: Sequence[GuardSpec], effects: Sequence[EffectSpec]) -> Specs:
        """Specs by name; two of one name are a programming error."""
        found = cls({guard.name: guard for guard in guards}, {effect.name: effect for effect in effects})
        if len(found.guards) != len(guards) or len(found.effects) != len(effects):
            raise ValueError("two guards or two effects have the same name")
        return found
