"""Models of declared document types, in the shape «a state carries consequences, an event carries permission»."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from sphinx_lib.pack.base import Label, PlacedLabel, Strict, YesNo
from sphinx_lib.pack.terms_model import Exact

Actors = Literal["user", "customer", "clock", "derive", "engine"]


def _caller(value: object) -> object:
    if value not in ("user", "customer"):
        hint = "; `app.run` fires what the clock fires" if value == "clock" else ""
        raise ValueError(f"a command is given by 'user' or 'customer', not by {value!r}{hint}")
    return value


Callers = Annotated[
    Literal["user", "customer"], BeforeValidator(_caller, json_schema_input_type=Literal["user", "customer"])
]
"""Who may fire events from outside; the clock acts by ``Sphinx.run`` only, the others within this library."""


def _empty(value: object) -> object:
    return {} if value is None else value


def _nothing(value: object) -> object:
    return None if value == {} else value


Nothing = Annotated[None, BeforeValidator(_nothing)]
Ids = dict[str, Nothing]
"""A set of ids: a mapping whose values are empty (rule 2)."""

MEASURES = ("value", "weight", "volume", "quantity")
"""What a landed cost may be shared by (V5); the first where a document says nothing."""


class Condition(Strict):
    """At most one of three ways to ask: of the document, of every line, of any line."""

    when: str | None = None
    every_line: str | None = None
    any_line: str | None = None


class Guard(Strict):
    """A condition that must hold, or a registered function named by ``use`` with its parameters in ``with``.

    ``override`` is the right that lets a person go on with a reason, which is recorded. With ``on_fail: approve`` only who
    has this right is answered: for anybody else the document waits for them, whether the guard would hold or not.
    """

    require: str | None = None
    every_line: str | None = None
    use: str | None = None
    parameters: dict[str, Any] = Field(default={}, alias="with")
    message: Label = {}
    override: str | None = None
    on_fail: Literal["refuse", "approve"] = "refuse"

    @property
    def is_reference(self) -> bool:
        """Whether this is only the name of a guard declared under ``guards``."""
        return not (self.require or self.every_line or self.use)


Guards = Annotated[dict[str, Annotated[Guard, BeforeValidator(_empty)]], BeforeValidator(_empty)]


class Ask(Strict):
    """A fact the event needs: a text, a date, a number, or one of ``choices``; ``default`` is the text of who gives none.

    One that is ``personal``, such as a name or an address on the net, can be deleted from the audit log later.
    """

    type: Literal["text", "date", "number"] = "text"
    choices: dict[str, Annotated[Label, BeforeValidator(_empty)]] | None = None
    optional: YesNo = False
    default: Label = {}
    label: Label = {}
    personal: YesNo = False

    @model_validator(mode="after")
    def _default_is_free_text(self) -> Ask:
        if self.default and (self.choices or self.type != "text"):
            raise ValueError("default is a free text; leave out type and choices, or default")
        return self


Effects = dict[str, Annotated[dict[str, Any], BeforeValidator(_empty)]]


class Branch(Condition):
    """A way an event may lead; the one without condition comes last.

    ``effects`` follow those of the event when it leads there. ``reasons`` are guards over lines that say, of each line for
    which ``every_line`` does not hold, why the event leads elsewhere.
    """

    effects: Effects = {}
    reasons: Guards = {}


class Event(Condition):
    """What somebody may do: from which states, to which, who, after which questions."""

    sources: Ids = Field(alias="from")
    targets: dict[str, Annotated[Branch, BeforeValidator(_empty)]] = Field(alias="to")
    by: dict[Actors, Nothing] = {"user": None}
    right: str | None = None
    ask: dict[str, Annotated[Ask, BeforeValidator(_empty)]] = {}
    guards: Guards = {}
    effects: Effects = {}
    label: Label = {}

    def effects_to(self, target: str) -> Effects:
        """What follows when the event leads to ``target``."""
        return {**self.effects, **self.targets[target].effects}


class Outstanding(Strict):
    """What a document weighs on its party's outstanding while in a state (C1).

    ``of`` is ``balance`` or a remaining progress such as ``to_invoice``: that part of the gross total.
    """

    as_: str = Field(alias="as")
    of: str


class State(Strict):
    """Where a document is, and what that causes.

    ``counts_in`` names other progress of its sources that its lines add to, with the quantity of a line that does;
    ``keeps_open`` says whether a deal waits for documents in this state (AF1), ``waits_for`` which guards that say
    ``on_fail: approve`` bring a document here.
    """

    label: Label = {}
    editable: YesNo = False
    final: YesNo = False
    inside: str | None = None
    counts: Literal["done", "planned", "none"] | None = None
    counts_in: dict[str, str] = {}
    keeps_open: YesNo | None = None
    requires: Guards = {}
    waits_for: Ids = {}
    stock: dict[str, str] = {}
    posts: str | None = None
    outstanding: Outstanding | None = None


class Field_(Strict):
    """A field of one's own on a document, a line or a master record; ``minimum`` and ``maximum`` bound a number.

    ``personal`` says that it tells something of a person, as of ``Ask``. ``right`` is what one needs to see it.
    """

    type: Literal["text", "number", "date", "flag"] = "text"
    label: Label = {}
    choices: dict[str, Annotated[Label, BeforeValidator(_empty)]] | None = None
    optional: YesNo = False
    required_at: Ids = {}
    editable_in: Ids = {}
    default: str | None = None
    searchable: YesNo = False
    print: YesNo = False
    right: str | None = None
    minimum: Exact | None = None
    maximum: Exact | None = None
    personal: YesNo = False

    @model_validator(mode="after")
    def _bounds_hold_numbers(self) -> Field_:
        bounds = [one for one in (self.minimum, self.maximum) if one is not None]
        if bounds and self.type != "number":
            raise ValueError("minimum and maximum bound numbers; write type: number, or leave them out")
        if bounds != sorted(bounds):
            raise ValueError(f"minimum {bounds[0]:f} is above maximum {bounds[1]:f}")
        return self


class Route(Condition):
    """Where ``derive`` without a target leads."""

    to: str
    explain: Label = {}


class Fee(Strict):
    """What is kept of a credit: the number fields of the source that give a percent and an amount, and its text."""

    percent: str | None = None
    amount: str | None = None
    label: Label


class MadeFrom(Strict):
    """How this type is made from a source type.

    ``of`` is another progress than the one it feeds, such as ``delivered``: what is proposed is what is left in that, less
    what documents of this type already plan.
    ``at_least`` leaves alone what would be made of fewer documents. With ``procures`` goods are bought of their suppliers,
    in documents by supplier, currency and warehouse (PO1-PO3): what is ``missing`` in stock, or all that is ``needed``.
    ``where`` leaves out lines for which it does not hold. ``prices`` are ``kept`` (Q4), ``free``: a replacement at price
    0 by other goods, which counts for no earlier order, or ``asked``: none yet. ``parties`` makes one for each named.
    ``through`` a type: not the lines of the source go in, but those of that type which billed what the source takes
    back, each at its own price, discounts and VAT (CN1), less a ``fee``.
    """

    states: Ids = Field(alias="in")
    many: YesNo = False
    same: tuple[str, ...] = ("party", "currency")
    group_by: tuple[str, ...] | str = ()
    split_by: tuple[str, ...] = ()
    fires: str | None = None
    then: str | None = None
    if_refused: Literal["stay", "refuse"] = "refuse"
    quantities: Literal["proposed", "all"] = "proposed"
    of: str | None = None
    at_least: Annotated[int, Field(ge=1)] = 1
    procures: Literal["missing", "needed"] | None = None
    where: str | None = None
    prices: Literal["kept", "free", "asked"] = "kept"
    parties: YesNo = False
    through: str | None = None
    fee: Fee | None = None
    heading: Label = {}
    text: PlacedLabel = {}


class NumberAt(Strict):
    """Which series gives the number, and the state that takes it when first entered."""

    sequence: str
    at: str


class Printed(Strict):
    """What a printed document shows: ``prices`` is a condition without which no amount stands on it."""

    prices: str | None = None


class Totals(Strict):
    """A progress of a whole document: the name of what is left of it and the status that sums it up."""

    remaining: str
    status: Literal["delivery_status", "billing_status"] | None = None


class Pegs(Strict):
    """What becomes of the pegs of a type's lines (PO2, PO5).

    ``feed`` names the progress of the customer order lines, ``served_by`` that of the own lines which serves the pegs in
    order; in the states ``released_in`` and those that count ``none`` what was not served is waited for no more.
    """

    feed: str
    served_by: str
    released_in: Ids = {}


class DocumentType(Strict):
    """A document type; ``kinds`` are partial types laid over it. ``then`` is fired as soon as one is created.

    ``margin_cost_at: delivery`` takes the costs of the day when the number is given (M2); ``deal_stage`` says which figures
    of its deal a document adds to (S50). ``stock_value: price`` makes what it brings into stock worth what its lines cost
    there, as a receipt is (V1); ``current`` what the stock is worth by unit, as a count does (V6); else goods come in at the
    cost at which they left (V7). ``lots: given`` chooses no lots for goods that go out: somebody names them all (K10).
    ``picks`` puts its lines where the goods lie, one for each bin and lot, in walking order and without prices (S40); such a
    document is only made from others.
    ``on_partial: split`` lets the part that is available and the rest each take their own route (Q2).
    ``own_reference`` says that its reference is the party's own number for it, never that of what it is made from;
    ``matches`` names the progress that says how much of an order may be invoiced.
    ``defaults`` are header fields that documents have unless somebody says otherwise.
    """

    label: Label
    side: Literal["sales", "purchase", "internal"]
    sign: Literal["1", "-1"] = "1"
    fiscal: YesNo = False
    margin_cost_at: Literal["entry", "delivery"] = "entry"
    deal_stage: Literal["quoted", "ordered", "delivered", "invoiced"] | None = None
    stock_value: Literal["cost", "price", "current"] = "cost"
    lots: Literal["chosen", "given"] = "chosen"
    picks: YesNo = False
    own_reference: YesNo = False
    matches: str | None = None
    lines: YesNo = True
    number: NumberAt
    fulfils: str | None = None
    pegs: Pegs | None = None
    then: str | None = None
    made_from: dict[str, MadeFrom] = {}
    defaults: dict[str, str] = {}
    fields: dict[str, Field_] = {}
    line_fields: dict[str, Field_] = {}
    initial: str
    states: dict[str, State]
    events: dict[str, Event] = {}
    routes: dict[str, Route] = {}
    on_partial: Literal["whole", "split"] = "whole"
    template: str | None = None
    payable: YesNo = False
    print_customer_ref: YesNo = True
    print: Printed = Printed()
    kinds: dict[str, Any] = {}

    @property
    def sign_number(self) -> Decimal:
        """+1, or -1 where amounts count the other way in balances (N8)."""
        return Decimal(self.sign)

    def chain(self, state: str) -> tuple[str, ...]:
        """``state`` and the states it lies inside of, innermost first (rule 9)."""
        found = []
        current: str | None = state
        while current and current not in found:
            found.append(current)
            parent = self.states.get(current)
            current = parent.inside if parent else None
        return tuple(found)

    def says(self, state: str, key: str) -> Any:
        """What ``state``, else the state it is inside of, says about ``key``; else none."""
        for name in self.chain(state):
            value = getattr(self.states[name], key)
            if value:
                return value
        return None

    def counts(self, state: str) -> str:
        """How a document in ``state`` weighs on its sources: done, planned or none (rule 7)."""
        return self.says(state, "counts") or "done"

    def keeps_open(self, state: str) -> bool:
        """Whether a deal waits for a document in ``state``: the innermost state that says so decides."""
        said = (self.states[name].keeps_open for name in self.chain(state))
        return bool(next((one for one in said if one is not None), False))

    def leaves(self, state: str) -> dict[str, Event]:
        """The events that lead out of ``state``, those of the states around it included (rule 9).

        An event of an outer state that leads into a sub-state of that same state must name its sources itself.
        """
        found: dict[str, Event] = {}
        for depth, name in enumerate(self.chain(state)):
            for key, event in self.events.items():
                inward = depth and any(name in self.chain(target) for target in event.targets)
                if name in event.sources and not inward:
                    found[key] = event
        return found


class Numbering(Strict):
    """A numbering series: gaps ``never`` makes it a legal one (NU1)."""

    pattern: str
    revision: str | None = None
    reset: Literal["yearly", "monthly", "never"] = "yearly"
    gaps: Literal["never", "allowed"] = "allowed"
    chronological: YesNo = False
    start: Annotated[int, Field(ge=1)] = 1


class RunStep(Strict):
    """A named batch: fire an event by the clock, derive due documents, give year-end rebates as credit notes (D3), or buy
    what falls to its reorder point (R2)."""

    fire: dict[str, str] = {}
    derive: str | None = None
    from_: str | None = Field(default=None, alias="from")
    rebate: str | None = None
    replenish: str | None = None
    send: YesNo = False
    label: Label = {}


class PortalType(Strict):
    """What a customer sees of a type and may do with it; nothing else is shown."""

    sees: Ids = {}
    events: dict[str, str] = {}
    read: tuple[str, ...] = ()
