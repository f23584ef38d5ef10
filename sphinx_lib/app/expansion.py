"""What an item brings with it: components of kits (K11), attached items, eco-contributions (EP1), whole packagings.

``expand_inputs`` adds, before pricing, the lines that are priced like any other; ``expand`` adds what follows from the
lines afterwards. What was copied from another document stays as it was agreed there (Q4), only in step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sphinx_lib.app.bringing import (
    brought_by,
    list_value,
    may_bring,
    more_items,
    refuse_lone_changes,
    set_apart,
)
from sphinx_lib.app.line_input import LineInput
from sphinx_lib.app.pricing import families_of, ratios_of, vat_rate
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import OPTIONAL, ZERO, Document, Id, Line, TraceRow
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import plain_number, round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS, UnitError
from sphinx_lib.pricing.eco import ECO, mentioned
from sphinx_lib.pricing.kits import components_of, cost_of, is_opened, parts_of, weight_of
from sphinx_lib.pricing.order_quantity import Bounds, problem_of, raised
from sphinx_lib.workflow.spreading import share_of

HEADING = "heading"
ONE = Decimal(1)
ANY = Bounds()


def expand_inputs(
    unit: Unit, document: Document, inputs: Sequence[LineInput], problems: list[str]
) -> list[LineInput]:
    """``inputs`` with the components of exploded kits and the attached items, each after the line that brings it.

    Lines of ``document`` that were brought before are kept in step with theirs, never entered twice; they go when that
    line goes. A new list of lines leaves them out. Quantities are held against what may be sold. Every problem is added to
    ``problems``; a line that cannot be expanded is left out.
    """
    unit.load_items({one.item for one in inputs if one.item})
    inputs = _complete(unit, inputs, problems)  # a kit weighs and costs what it holds, also where it is bought
    if not sells(unit, document):
        return _all_fitted(unit, document, inputs, problems)
    problems += refuse_lone_changes(document, inputs)
    own, kept = set_apart(document, inputs)
    work = _Work(unit, document, kept)
    done: list[LineInput] = []
    for one in own:
        try:
            done += work.whole(_fitted(unit, document, one), ())
        except (InputError, UnitError) as error:
            problems += one.problems_of(error)
    return done


def _complete(unit: Unit, inputs: Sequence[LineInput], problems: list[str]) -> Sequence[LineInput]:
    """The inputs whose items hold nothing unknown and no circle, with all that these hold loaded."""
    try:
        more_items(unit, [unit.items[one.item] for one in inputs if one.item])
        return inputs
    except InputError:
        return [one for one in inputs if _is_complete(unit, one, problems)]


def _is_complete(unit: Unit, one: LineInput, problems: list[str]) -> bool:
    try:
        more_items(unit, [unit.items[one.item]] if one.item else [])
    except InputError as error:
        problems += one.problems_of(error)
        return False
    return True


def sells(unit: Unit, document: Document) -> bool:
    """Whether the document is one of sales: only there do items bring others along."""
    return not document.type or unit.type_of(document).side == "sales"


@dataclass
class _Work:
    """One expansion; ``kept`` holds by parent the lines that came along before."""

    unit: Unit
    document: Document
    kept: Mapping[Id, list[LineInput]]

    def whole(self, one: LineInput, path: tuple[str, ...]) -> list[LineInput]:
        """A line and all that it brings, in the order in which it is shown; ``path`` are the items that brought it."""
        item = self.unit.items.get(one.item or "")
        if item is None or one.quantity is None:
            return [one]
        if one.original is not None and one.original.source_id is not None:
            return [one, *self.in_step(one)]
        if item.code in path:
            raise InputError([f"item {item.code} brings itself along: {' > '.join((*path, item.code))}"])
        if one.original is not None and one.original.role == HEADING:  # of a kit before
            one = replace(one, original=one.original._replace(role=""))
        if not may_bring(self.unit, item):
            return [one]
        exploded = item.kind == "kit" and item.kit == "exploded"
        brought = self.brought(item, one)
        if not brought and not exploded:
            return [one]
        one = self.named(one, item, heading=exploded)
        found = [one]
        for code, quantity in brought.items():
            found += self.whole(self.child(one, self.unit.items[code], quantity), (*path, item.code))
        return found

    def brought(self, item: Item, one: LineInput) -> Mapping[str, Decimal]:
        """What the line brings, in stock units; an option brings only the components of its kit until it is taken."""
        quantity = in_stock(self.unit, item, one.quantity or ZERO, one.unit)
        return brought_by(self.unit, self.document, item, quantity, alone=_role(one) in OPTIONAL)

    def named(self, one: LineInput, item: Item, *, heading: bool) -> LineInput:
        """The input with the id that its line will have; an exploded kit's becomes a heading without a price."""
        base = one.original or Line(id=self.unit.new_id(), position=one.position)
        if not heading:
            return replace(one, original=base)
        if one.unit_price is not None or one.discounts is not None:
            raise InputError([f"kit {item.code} is shown by its components, which have the prices; give the price to them"])
        blank = Line(
            base.id, base.position, quantity=ONE, stock_quantity=in_stock(self.unit, item, ONE, one.unit), role=HEADING,
            discountable=False, parent_id=base.parent_id, custom=base.custom,
        )  # fmt: skip
        return replace(one, original=blank, keeps_price=True)

    def child(self, parent: LineInput, item: Item, quantity: Decimal) -> LineInput:
        """The line of ``item`` that comes with ``parent``: the one there was, or a new one."""
        above = parent.original
        assert above is not None
        quantity = _whole_packs(self.unit, self.document, item, quantity)
        of_parent = self.kept.get(above.id, [])
        known = next((one for one in of_parent if one.item == item.code), None)
        if known is not None:
            of_parent.remove(known)
            return replace(known, quantity=quantity, unit=item.unit)
        role = _role(parent) if _role(parent) in OPTIONAL else ""
        blank = Line(id=self.unit.new_id(), position=parent.position, parent_id=above.id, role=role)
        return LineInput(
            parent.position, item=item.code, quantity=quantity, unit=item.unit, warehouse=parent.warehouse,
            promised_date=parent.promised_date, original=blank,
        )  # fmt: skip

    def in_step(self, one: LineInput) -> Iterator[LineInput]:
        """The lines copied with a copied one, in the proportion that they had; a quantity given by hand stays."""
        original = one.original
        assert original is not None
        for child in self.kept.get(original.id, []):
            was = child.original
            if was is not None and child.quantity == was.quantity and was.quantity and original.quantity:
                child = replace(child, quantity=share_of(was.quantity, one.quantity or ZERO, original.quantity))
            yield child
            yield from self.in_step(child)


def _role(one: LineInput) -> str:
    return str(getattr(one, "role", "") or (one.original.role if one.original else ""))


def usual_unit(unit: Unit, document: Document, item: Item) -> str:
    """The unit of a line that names none: the one the item is bought or sold in, else its stock unit (U2)."""
    return (item.purchase_unit if unit.rules_of(document).bought else item.sales_unit) or item.unit


def in_stock(unit: Unit, item: Item, quantity: Decimal, sales_unit: str) -> Decimal:
    """``quantity`` of ``sales_unit`` (the item's own when empty) in the item's stock unit."""
    source = sales_unit or item.sales_unit or item.unit
    return round_half_up(unit.pack.units.convert(quantity, source, item.unit, ratios_of(item)), QUANTITY_DIGITS)


def brought_inputs(unit: Unit, document: Document, line: Line, brought: Mapping[str, Decimal]) -> list[LineInput]:
    """The items of ``brought`` (in stock units) as lines that come along with ``line``, each with all that it brings."""
    work = _Work(unit, document, {})
    parent = LineInput(
        line.position, item=line.item, warehouse=line.warehouse, promised_date=line.promised_date, original=line
    )
    found: list[LineInput] = []
    for code, quantity in brought.items():
        found += work.whole(work.child(parent, unit.items[code], quantity), (line.item or "",))
    return found


# -- quantities that may be sold -----------------------------------------------------------------------------------------


def _all_fitted(
    unit: Unit, document: Document, inputs: Sequence[LineInput], problems: list[str]
) -> list[LineInput]:
    """The inputs in quantities that may be bought; what is refused is left out and added to ``problems``."""
    done: list[LineInput] = []
    for one in inputs:
        try:
            done.append(_fitted(unit, document, one))
        except (InputError, UnitError) as error:
            problems += one.problems_of(error)
    return done


def _fitted(unit: Unit, document: Document, one: LineInput) -> LineInput:
    """The input in a quantity that may be sold or bought: as it is, raised with a note in its ``reason``, or refused."""
    item = unit.items.get(one.item or "")
    held_in = unit.pack.model.items.quantities.in_
    was, quantity = one.original, one.quantity
    if item is None or quantity is None or quantity <= 0 or document.type not in held_in:
        return one
    if was is not None and (was.source_id or (was.item, was.quantity, was.unit) == (one.item, one.quantity, one.unit)):
        return one
    if was is not None and was.reason and not was.manual:
        one = replace(one, original=was._replace(reason=""))
    bought = not sells(unit, document)
    bounds = _bounds_of_purchase(item, document.party) if bought else _bounds(unit, item)
    if bounds == ANY:
        return one
    own = one.unit or usual_unit(unit, document, item)
    asked = in_stock(unit, item, quantity, own)
    problem = problem_of(asked, bounds, item.unit, "bought" if bought else "sold")
    if not problem:
        return one
    given = raised(asked, bounds)
    if _policy(unit, item) != "round_up" or problem_of(given, bounds, item.unit):
        raise InputError([f"item {item.code}: {problem}"])
    note = unit.pack.label("quantity_raised", document.language)
    note = note.format(asked=plain_number(asked), given=plain_number(given), unit=item.unit)
    base = one.original or Line(id=unit.new_id(), position=one.position)
    return replace(_in_unit(unit, item, one, given, own), original=base._replace(reason=note))


def _in_unit(unit: Unit, item: Item, one: LineInput, quantity: Decimal, own: str) -> LineInput:
    """The input with ``quantity`` stock units, said in its ``own`` unit where that is exact to the digits kept."""
    there = round_half_up(unit.pack.units.convert(quantity, item.unit, own, ratios_of(item)), QUANTITY_DIGITS)
    if in_stock(unit, item, there, own) == quantity:
        return replace(one, quantity=there)
    return replace(one, quantity=quantity, unit=item.unit)


def _bounds(unit: Unit, item: Item) -> Bounds:
    multiple = item.multiple
    if multiple is None and unit.pack.model.items.quantities.full_packaging and item.sales_unit not in ("", item.unit):
        multiple = in_stock(unit, item, ONE, item.sales_unit)
    return Bounds(item.minimum, item.maximum, multiple)


def _bounds_of_purchase(item: Item, supplier: str | None) -> Bounds:
    terms = item.sourcing.get(supplier or "")
    return Bounds(terms.minimum, terms.maximum, terms.multiple) if terms else ANY


def _policy(unit: Unit, item: Item) -> str:
    return item.off_multiple or unit.pack.model.items.quantities.off_multiple


def _whole_packs(unit: Unit, document: Document, item: Item, quantity: Decimal) -> Decimal:
    """What comes along is never refused, but raised to its own multiple where its item says so."""
    bounds = Bounds(multiple=_bounds(unit, item).multiple)
    if quantity > 0 and bounds.multiple and _policy(unit, item) == "round_up":
        return raised(quantity, bounds)
    return round_half_up(quantity, QUANTITY_DIGITS)


# -- after pricing -------------------------------------------------------------------------------------------------------


def expand(unit: Unit, document: Document, lines: Sequence[Line], problems: list[str]) -> list[Line]:
    """Priced ``lines`` with the parts of phantom kits and the eco-contributions, which have the position of their line.

    ``document`` holds the lines that there were before, whose eco-contributions keep their ids. What is wrong is added to
    ``problems``; such a line stays as it is.
    """
    if not sells(unit, document):
        return list(lines)
    before: dict[Id, deque[Line]] = {}
    for line in document.lines:
        if line.role == ECO and line.parent_id:
            before.setdefault(line.parent_id, deque()).append(line)
    done: list[Line] = []
    for line in lines:
        item = unit.items.get(line.item or "")
        if item is not None and line.role == HEADING:
            done.append(line._replace(vat="", account_group="", discountable=False))
        elif item is None or _was_agreed(line, before) or not (item.eco or line.parts or is_opened(item)):
            done.append(line)
        else:
            try:
                built = line if line.source_id is not None else _with_parts(unit, line, item)
            except (InputError, UnitError) as error:
                told = error.problems if isinstance(error, InputError) else [str(error)]
                problems += [f"line {line.position}: {problem}" for problem in told]
                built = line
            done += contributions(unit, document, built, item, before.get(line.id, deque()))
    return done


def _was_agreed(line: Line, before: Mapping[Id, Iterable[Line]]) -> bool:
    """Whether the line was copied with its contributions; those of an option that was taken follow from it here (EP1)."""
    return line.source_id is not None and all(one.source_id is not None for one in before.get(line.id, ()))


def contributions(unit: Unit, document: Document, line: Line, item: Item, before: deque[Line]) -> list[Line]:
    """The line with what its price holds of contributions, and those that are shown apart; ``before`` lends its ids."""
    apart, per_unit = _eco_lines(unit, document, line, item, before)
    return [mentioned(line, per_unit), *apart]


def _with_parts(unit: Unit, line: Line, item: Item) -> Line:
    """A phantom kit with its components and what they cost and weigh; other lines without."""
    if not is_opened(item):
        return line._replace(parts=()) if line.parts else line
    times = in_stock(unit, item, ONE, line.unit)
    source = unit.prices.schema.cost
    cost = cost_of(item, unit.items, source)
    return line._replace(
        parts=parts_of(item, unit.items, times, source, lambda one, quantity: list_value(unit, one, quantity)),
        cost=None if cost is None else round_half_up(cost * times, QUANTITY_DIGITS),
        weight_kg=weight_of(item, unit.items),
        stocked=False,
    )


def _eco_lines(
    unit: Unit, document: Document, line: Line, item: Item, before: deque[Line]
) -> tuple[list[Line], Decimal]:
    """The contributions shown apart, and what a stock unit's price holds of those that are not (document currency)."""
    if not line.quantity or not line.counts or line.role:
        return [], ZERO
    apart: list[Line] = []
    in_price = ZERO
    for source, held in _eco_sources(unit, item):
        amount = source.eco_on(document.date)
        if not amount:
            continue
        vat = line.vat if source is item else source.vat
        price = _eco_price(unit, document, amount, vat)
        if _shown_apart(unit, source):
            quantity = round_half_up(held * line.stock_quantity, QUANTITY_DIGITS)
            known = before.popleft().id if before else unit.new_id()
            apart.append(_eco_line(unit, document, line, source, price, quantity)._replace(id=known, vat=vat))
        else:
            in_price += price * held
    return apart, in_price


def _eco_sources(unit: Unit, item: Item) -> Iterable[tuple[Item, Decimal]]:
    """The item, and a phantom kit's components, with how many of them a stock unit of the item holds."""
    yield item, ONE
    if is_opened(item):
        yield from components_of(item, unit.items)


def _eco_price(unit: Unit, document: Document, amount: Decimal, vat: str) -> Decimal:
    """The contribution of a stock unit in the document's currency, with tax where its prices hold tax (VA3)."""
    rate = vat_rate(unit, document, vat) if document.prices_include_tax else ZERO
    return round_half_up(amount * document.rate * (1 + rate / 100), unit.prices.schema.digits(document.currency))


def _shown_apart(unit: Unit, item: Item) -> bool:
    eco = unit.pack.model.eco
    parents = families_of(unit) if eco.display and item.family else {}
    family, seen = item.family, set()
    while family and family not in seen:
        if family in eco.display:
            return eco.display[family] == "apart"
        seen.add(family)
        family = parents.get(family, "")
    return eco.display.get(item.account_group, eco.default) == "apart"


def _eco_line(unit: Unit, document: Document, line: Line, item: Item, price: Decimal, quantity: Decimal) -> Line:
    """A line of its own: in step with its parent, out of discounts and margin, at the item's VAT (EP1, M3)."""
    return Line(
        id="", position=line.position, text=unit.pack.label("line_eco", document.language), quantity=quantity,
        unit=item.unit, list_price=price, unit_price=price, price_quantity=quantity, warehouse=line.warehouse,
        account_group=line.account_group, promised_date=line.promised_date, role=ECO, discountable=False,
        parent_id=line.id, trace=(TraceRow(ECO, price, item.code, running=price),),
    )  # fmt: skip
