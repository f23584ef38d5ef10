"""The shop that the machine runs: its goods and places, commands that may be refused, and names for goods that move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import ROUND_CEILING, Decimal
from functools import cache
from itertools import count, islice
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sphinx_lib import Actor, InputError, Refused, Sphinx
from sphinx_lib.kernel.document import Document, Line
from sphinx_lib.kernel.ids import Uuid7
from sphinx_lib.pack.pack import Pack
from tests.stateful.goods import facts
from tests.stateful.goods.facts import RECEIPTS, RETURNS, Place
from tests.store.support import FixedClock, open_shop
from tests.store.support import goods as an_item

D = Decimal
BUYER = Actor(
    "alice", {"exceed_credit", "negative_stock", "approve_supplier_invoice", "see_margin"}
)
# Valued at the average, first in first out, at a standard cost; tracked by lots, at the average, and by serial numbers.
GOODS = {
    "VIS-1": {}, "VIS-2": {"valuation": "fifo"}, "VIS-3": {"valuation": "standard"},
    "LAIT": {"tracking": "lot"}, "POMPE": {"tracking": "serial", "valuation": "fifo"},
}  # fmt: skip
ITEMS = tuple(GOODS)
FIFO = ("VIS-2", "POMPE")
LOTS = {"MARS": date(2026, 3, 20), "AVRIL": date(2026, 4, 10), "MIEL": None}
BINNED = "lyon"  # the warehouse in which goods lie in bins
BINS = ("", "A-1", "A-1", "B-2")
OPENING = (
    *(("VIS-1", "main", "", "", D(10)), ("VIS-1", BINNED, "", "A-1", D(5)), ("VIS-1", BINNED, "", "B-2", D(5))),
    *(("VIS-2", "main", "", "", D(10)), ("VIS-2", BINNED, "", "A-1", D(5)), ("VIS-3", "main", "", "", D(10))),
    *(("LAIT", "main", "AVRIL", "", D(6)), ("LAIT", "main", "MARS", "", D(4)), ("LAIT", BINNED, "MIEL", "A-1", D(6))),
    *(("POMPE", "main", f"S-{number}", "", D(1)) for number in range(1, 5)), ("POMPE", BINNED, "S-5", "B-2", D(1)),
)  # fmt: skip
COME, BACK = tuple(f"goods_receipt:{one}" for one in RECEIPTS), tuple(f"customer_return:{one}" for one in RETURNS)
PENDING = (("goods_receipt", "draft"), ("stock_count", "counting"), ("supplier_return", "sent", "credited"))  # may yet bring goods
GONE = ("delivery_note:shipped", "delivery_note:invoiced")

quantities = st.sampled_from([D(1), D(2), D("2.5"), D(7), D("0.333"), D(30)])
prices = st.sampled_from([D("9.99"), D("0.015"), D(6), D("12.5")])
shares = st.lists(st.sampled_from([D(1), D(1), D("0.5"), D(0)]), min_size=3, max_size=3)
lots = st.sampled_from(sorted(LOTS))
bins = st.sampled_from(BINS)
names = st.none() | st.tuples(lots, bins)  # of goods that go out: none lets the rules choose
warehouses = st.sampled_from(["main", "main", BINNED])


def whole(item: str, quantity: Decimal) -> Decimal:
    """``quantity``, of what has serial numbers in whole pieces, and few of them."""
    return min(quantity, D(3)).to_integral_value(ROUND_CEILING) if item == "POMPE" else quantity


given_lines = st.lists(
    st.tuples(st.sampled_from(ITEMS), quantities, prices, warehouses).map(lambda one: (one[0], whole(*one[:2]), *one[2:])),
    min_size=1, max_size=3,
)  # fmt: skip


class Move(NamedTuple):
    """Something that may happen ``when`` there is something for it, with the strategies of what it is given."""

    when: Callable[[Any], Any] | None
    weight: int
    arguments: dict[str, st.SearchStrategy[Any]]


def move(
    when: Callable[[Any], Any] | None = None, *, weight: int = 2, **arguments: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a method one of the moves among which each step chooses by weight; one with ``when`` is given ``data`` too."""

    def marked(method: Callable[..., None]) -> Callable[..., None]:
        method.move = Move(when, weight, arguments)  # type: ignore[attr-defined]
        return method

    return marked


@cache
def moves_of(shop: type) -> dict[str, Move]:
    """The moves of a machine by name, orders first: the first one is drawn more often than the others."""
    found = {name: getattr(getattr(shop, name), "move", None) for name in sorted(dir(shop), key=lambda one: one != "order")}
    return {name: one for name, one in found.items() if one is not None}


class Shop(RuleBasedStateMachine):
    """A shop with a customer, a supplier, two warehouses and five goods; ``docs`` are all its documents as last read, and
    ``by_hand`` is what was put into stock without one, by place."""

    docs: dict[str, Document]

    @initialize(forbid=st.booleans())
    def open(self, forbid: bool) -> None:
        self.clock = FixedClock()
        self.forbids = forbid
        self.by_hand: dict[Place, Decimal] = defaultdict(D)
        self.references = count(1)
        ids = Uuid7(lambda: 1_772_438_400_000, bytes)  # the same in every replay, so that a failure can be shrunk
        self.app = open_shop("sqlite://", config=the_pack(), clock=self.clock, items=0, ids=ids)
        more = {"negative_stock": "forbid" if forbid else "allow", "supplier": "VISCO"}
        with self.app.session(actor=BUYER) as s:
            s.put("supplier", [{"code": "VISCO", "name": "Visco", "country": "FR"}])
            s.put("item", [an_item(code, **own, **more) for code, own in GOODS.items()])
            for item, warehouse, lot, bin_, quantity in OPENING:
                name = named(lot) if item == "LAIT" else {"serial": lot or None}
                s.adjust_stock(item, quantity, warehouse=warehouse, bin=bin_, **name)
                self.by_hand[item, warehouse, lot, bin_] += quantity
        self.read()

    @rule(data=st.data())
    def step(self, data: st.DataObject) -> None:
        """One rule for all moves: rules of their own would be left out by turns, and long stories need many of them."""
        able = {name: one for name, one in moves_of(type(self)).items() if one.when is None or one.when(self)}
        name = data.draw(st.sampled_from([name for name, one in able.items() for _ in range(one.weight)]), label="move")
        given = {key: data.draw(strategy, label=key) for key, strategy in able[name].arguments.items()}
        getattr(self, name)(**given, **({"data": data} if able[name].when else {}))

    def read(self) -> None:
        with self.app.reader() as views:
            self.docs = {view.document.id: view.document for view in views.documents(views.ids())}

    def teardown(self) -> None:
        if hasattr(self, "app"):
            report = self.app.verify()
            assert report.ok, report.faults
            self.app.engine.dispose()

    # -- commands ------------------------------------------------------------------------------------

    def in_states(self, *states: str) -> list[str]:
        return sorted(one.id for one in self.docs.values() if f"{one.type}:{one.state}" in states)

    def left(self, progress: str, *states: str) -> list[str]:
        """The documents in one of these states of which something is left to do in a progress."""
        return [one for one in self.in_states(*states) if any(line.proposed(progress) for line in self.docs[one].lines)]

    def some(self, data: st.DataObject, *states: str, left: str = "") -> str:
        """A document in one of these states, of which something is ``left``; each state is as likely as the others."""
        found = {state: self.left(left, state) if left else self.in_states(state) for state in states}
        return data.draw(st.sampled_from(data.draw(st.sampled_from([ids for ids in found.values() if ids]))))

    def run(self, *commands: Callable[[Any], Any]) -> bool:
        """A unit of work of some commands; a refused one leaves nothing and the others stand. Whether nothing was refused."""
        done = True
        try:
            with self.app.session(actor=BUYER) as s:
                for command in commands:
                    try:
                        command(s)
                    except (Refused, InputError):
                        done = False
        except Refused:
            done = False  # refused when it was written, as a whole
        self.read()
        return done

    def parts_of(self, source: str, progress: str, parts: Iterable[Decimal]) -> dict[str, Decimal]:
        """By line of a document a part of what is left of it in a progress."""
        pairs = zip(self.docs[source].lines, parts, strict=False)
        return {line.id: whole(line.item or "", (line.proposed(progress) * part).quantize(D("0.001"))) for line, part in pairs}

    def make(
        self, source: str, type: str, progress: str, parts: Iterable[Decimal], *events: str, lines: Any = None, **header: Any
    ) -> list[str]:
        """A document of some parts of what is left of another one, with events fired on it; the documents that came of it."""
        wanted = self.parts_of(source, progress, parts)
        before = self.docs.keys()

        def work(s: Any) -> None:
            for made in s.derive(source, type, quantities=wanted).documents:
                changed = {place: lines(line) for place, line in enumerate(made.lines, 1) if lines and lines(line)}
                if header or changed:
                    s.edit(made.id, **header, **({"lines": changed} if changed else {}))
                for event in events:
                    s.fire(made.id, event)

        self.run(work)
        return sorted(self.docs.keys() - before)

    # -- names of goods ------------------------------------------------------------------------------

    def placed(self) -> dict[Place, Decimal]:
        """What lies where, by the documents and by hand."""
        found = defaultdict(D, facts.held(self.docs.values()))
        for place, quantity in self.by_hand.items():
            found[place] += quantity
        return facts.some(found)

    def serials(self) -> Iterator[str]:
        """Serial numbers that no document may bring back beside the caller: those that left for good, then new ones."""
        taken = {lot for item, _, lot, _ in self.placed() if item == "POMPE"}
        taken |= facts.delivered_serials(self.docs.values(), "POMPE").keys()
        taken |= {one.lot for type, *states in PENDING for _, line in facts.lines_of(self.docs.values(), type, *states)
                  for one in line.stowed}  # fmt: skip
        return (name for name in (f"S-{number}" for number in count(1)) if name not in taken)

    def serials_in(self, warehouse: str) -> list[str]:
        return sorted(lot for item, place, lot, _ in self.placed() if (item, place) == ("POMPE", warehouse))

    def coming(self, given: Iterable[Any], lot: str, bin_: str) -> list[dict[str, Any]]:
        """Lines of goods that come in, each under a name."""
        fresh = self.serials()
        return [as_line(*one) | named_in(one[0], one[1], one[3], (lot, bin_), fresh) for one in given]

    def going(self, given: Iterable[Any], chosen: tuple[str, str] | None) -> list[dict[str, Any]]:
        """Lines of goods that go out; ``chosen`` names their lot and bin, as far as they have such."""
        if chosen is None:
            return [as_line(*one) for one in given]
        there = {warehouse: iter(self.serials_in(warehouse)) for warehouse in ("main", BINNED, "quarantine")}
        return [as_line(*one) | named_in(one[0], one[1], one[3], chosen, there[one[3]]) for one in given]

    def arriving(self, lot: str, bin_: str) -> Callable[[Line], dict[str, Any]]:
        """The names to write on each line of a document that brings goods."""
        fresh = self.serials()
        return lambda line: named_in(line.item or "", line.quantity or D(0), line.warehouse, (lot, bin_), fresh)


@cache
def the_pack() -> Pack:
    """The base pack, read once for all shops."""
    app = Sphinx.open()
    app.engine.dispose()
    return app.pack


def named(lot: str) -> dict[str, Any]:
    """A lot with its last day."""
    return {"lot": lot, "expires": LOTS[lot]} if LOTS[lot] else {"lot": lot}


def named_in(
    item: str, quantity: Decimal, warehouse: str, chosen: tuple[str, str], serials: Iterator[str]
) -> dict[str, Any]:
    """The names of goods on a line: lot or serial numbers as the item wants them, a bin in the warehouse that has bins."""
    lot, bin_ = chosen
    found: dict[str, Any] = {"bin": bin_} if warehouse == BINNED and bin_ else {}
    if item == "LAIT":
        found |= named(lot)
    if item == "POMPE" and (numbers := list(islice(serials, int(quantity)))):
        found |= {"serial": numbers}
    return found


def as_line(item: str, quantity: Decimal, price: Decimal, warehouse: str) -> dict[str, Any]:
    return {"item": item, "quantity": quantity, "unit_price": price, "warehouse": warehouse}


