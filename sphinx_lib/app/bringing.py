"""Which items come along with a line, and which lines of a document came along with others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from sphinx_lib.app.line_input import LineInput
from sphinx_lib.app.pricing import ratios_of
from sphinx_lib.app.unit import Unit
from sphinx_lib.kernel.document import ZERO, Document, Id, Line
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.master import Item
from sphinx_lib.kernel.money import round_half_up
from sphinx_lib.kernel.quantity import QUANTITY_DIGITS
from sphinx_lib.kernel.suggest import did_you_mean
from sphinx_lib.pack.scopes import ItemFacts
from sphinx_lib.pricing.eco import ECO
from sphinx_lib.pricing.kits import components_of, is_opened
from sphinx_lib.pricing.shipping import by_rule
from sphinx_lib.store import master as store_master

# -- items ---------------------------------------------------------------------------------------------------------------


def more_items(unit: Unit, items: Iterable[Item]) -> None:
    """Load the components and attached items of ``items``, and theirs: one statement a level, however many there are.

    Raises InputError that names an unknown one with the item that holds it, or a circle.
    """
    rules = {rule.item for rule in unit.pack.model.items.attached.values()} - unit.items.keys()
    if rules:
        unit.items |= store_master.load_items(unit.connection, unit.company, rules)
    level = {item.code: item for item in (*items, *(unit.items[code] for code in rules & unit.items.keys()))}
    reached: dict[str, Item] = {}
    while level:
        reached |= level
        owners = {code: item.code for item in level.values() for code in _holds(item)}
        try:
            unit.load_items(owners)
        except InputError as error:
            unknown = sorted({owner for code, owner in owners.items() if code not in unit.items})
            raise InputError([f"{one} (held by {', '.join(unknown)})" for one in error.problems]) from None
        level = {code: unit.items[code] for code in owners if code not in reached}
    _refuse_circles(reached)


def _holds(item: Item) -> Iterator[str]:
    yield from item.components
    yield from item.attached


def _refuse_circles(items: Mapping[str, Item]) -> None:
    """InputError for an item that holds itself, whether as a component or as attached."""
    sound: set[str] = set()

    def visit(code: str, path: tuple[str, ...]) -> None:
        if code in path:
            circle = " > ".join((*path[path.index(code) :], code))
            raise InputError([f"item {code} holds itself: {circle}; take it out of one of them"])
        if code not in sound:
            for held in _holds(items[code]):
                visit(held, (*path, code))
            sound.add(code)

    for code in items:
        visit(code, ())


def may_bring(unit: Unit, item: Item) -> bool:
    """Whether the item could bring others along at all, so that most lines are done with at once."""
    return bool(item.attached or is_opened(item) or unit.pack.model.items.attached)


def brought_by(unit: Unit, document: Document, item: Item, quantity: Decimal, *, alone: bool) -> dict[str, Decimal]:
    """What ``quantity`` stock units of ``item`` bring along as lines, in stock units of each, in order.

    Components of an exploded kit, then items attached to it, to the components of a phantom kit, and by the rules of
    ``items.attached``; ``alone`` leaves out what is attached.
    """
    found: dict[str, Decimal] = {}
    if item.kind == "kit" and item.kit == "exploded":
        if not item.components:
            raise InputError([f"kit {item.code} has no components"])
        found |= {code: held * quantity for code, held in item.components.items()}
    if alone:
        return found
    owners = [(item, quantity)]
    if is_opened(item) and item.kit == "phantom":
        owners += components_of(item, unit.items, quantity)
    for owner, count in owners:
        for code, times in owner.attached.items():
            found[code] = found.get(code, ZERO) + times * count
        for code, more in _by_rules(unit, document, owner, count):
            found[code] = found.get(code, ZERO) + more
    return found


def attached_to(unit: Unit, document: Document, item: Item, quantity: Decimal) -> dict[str, Decimal]:
    """What ``quantity`` stock units of ``item`` bring along besides the components of a kit, in stock units of each."""
    held = brought_by(unit, document, item, quantity, alone=True)
    found = brought_by(unit, document, item, quantity, alone=False)
    rest = {code: count - held.get(code, ZERO) for code, count in found.items()}
    return {code: count for code, count in rest.items() if count}


def _by_rules(unit: Unit, document: Document, item: Item, quantity: Decimal) -> Iterator[tuple[str, Decimal]]:
    rules = unit.pack.model.items.attached
    if not rules:
        return
    facts = ItemFacts(unit.pack.model, item, quantity, unit.parties.get(document.party or ""), unit.today)
    for name, rule in rules.items():
        if rule.item == item.code or (rule.when and not unit.pack.expression(("", ""), "item", rule.when)(facts)):
            continue
        if rule.item not in unit.items:
            known = store_master.codes_of(unit.connection, unit.company, "item")
            raise InputError([f"items.attached.{name}: unknown item {rule.item!r}{did_you_mean(rule.item, known)}"])
        count = unit.pack.expression(("", ""), "item", rule.quantity)(facts)
        if count:
            yield rule.item, round_half_up(count, QUANTITY_DIGITS)


def list_value(unit: Unit, item: Item, quantity: Decimal) -> Decimal | None:
    """The catalogue value of ``quantity`` stock units, in company currency; none without a sale price."""
    if item.sale_price is None:
        return None
    counted = unit.pack.units.convert(quantity, item.unit, item.price_unit or item.unit, ratios_of(item))
    return counted * item.sale_price / item.per


# -- lines ---------------------------------------------------------------------------------------------------------------


def set_apart(document: Document, inputs: Sequence[LineInput]) -> tuple[list[LineInput], dict[Id, list[LineInput]]]:
    """The inputs that stand for themselves, and by parent those that came along with another line of ``document``.

    What a rule made and nobody touched is left out: port and eco-contributions are made anew.
    """
    lines = {line.id for line in document.lines}
    own: list[LineInput] = []
    kept: dict[Id, list[LineInput]] = {}
    for one in inputs:
        was = one.original
        if was is None or was.parent_id not in lines:
            if was is None or not made_by_rule(was) or _touched(one, was):
                own.append(one)
        elif not made_by_rule(was):
            kept.setdefault(was.parent_id or "", []).append(one)
    return own, kept


def made_by_rule(line: Line) -> bool:
    """Whether the line follows from others by a rule and was not copied from another document: port, eco-contribution."""
    return line.source_id is None and (by_rule(line) or (line.role == ECO and line.parent_id is not None))


def refuse_lone_changes(document: Document, inputs: Sequence[LineInput]) -> Iterator[str]:
    """What may not be changed by itself, since it follows another line or a rule; lines entered anew follow nothing."""
    given = {one.original.id: one for one in inputs if one.original is not None}
    positions = {line.id: line.position for line in document.lines}
    for line in document.lines if given else ():
        if line.source_id is not None:
            continue
        parent = given.get(line.parent_id or "")
        one = given.get(line.id)
        if one is None and by_rule(line):
            yield f"line {line.position}: it follows from a rule of shipping; give it a unit_price, 0 for none"
        if parent is None:
            continue
        above = positions[line.parent_id or ""]
        if one is None:
            same = parent.original is not None and parent.item == parent.original.item
            if same:
                yield f"line {line.position}: it comes with line {above}; remove that one"
        elif (one.quantity, one.item, one.unit) != (line.quantity, line.item, line.unit):
            yield f"line {line.position}: it follows line {above}; change the quantity there"
        elif line.role == ECO and _touched(one, line):
            yield f"line {line.position}: an eco-contribution is passed on as it is (EP1); change line {above} or its item"


def _touched(one: LineInput, was: Line) -> bool:
    """Whether somebody changed what a rule had said: price, discounts, text or VAT."""
    said = (one.text, one.vat, dict(one.custom)) != (was.text, was.vat, dict(was.custom))
    return said or one.unit_price is not None or one.discounts is not None
