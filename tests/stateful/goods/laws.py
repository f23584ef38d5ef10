"""What always holds of goods, after every step: quantities, places, progress and values agree (K1-K10, V1-V7)."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis.stateful import invariant

from sphinx_lib.kernel.document import Document
from sphinx_lib.kernel.money import round_half_up
from tests.stateful.goods import facts, kept
from tests.stateful.goods.facts import COUNTED, ISSUED, PLANNED, RECEIPTS, STRAIGHT, total
from tests.stateful.goods.shop import FIFO, Shop

D = Decimal


class Quantities(Shop):
    """Levels, places and names."""

    @invariant()
    def levels_are_what_documents_say(self) -> None:
        physical: dict[Any, Decimal] = defaultdict(D)
        for (item, warehouse, _, _), quantity in self.placed().items():
            physical[item, warehouse] += quantity
        reserved, ordered = facts.promised(self.docs.values())
        for level, found in (("physical", physical), ("reserved", reserved), ("on_order", ordered)):
            expected = facts.some(found)
            assert kept.balances(self.app.engine, level) == expected
            assert kept.journal(self.app.engine, level) == expected
        assert not self.forbids or all(quantity > 0 for quantity in facts.some(physical).values())

    @invariant()
    def lots_and_bins_are_what_documents_say_and_none_is_below_zero(self) -> None:
        placed = self.placed()
        found = kept.places(self.app.engine)
        assert found == {place: quantity for place, quantity in placed.items() if place[2] or place[3]}
        assert all(quantity > 0 for quantity in found.values())
        assert all(lot for item, _, lot, _ in placed if item in ("LAIT", "POMPE"))

    @invariant()
    def a_serial_number_is_in_stock_at_most_once_and_else_with_the_customer_who_got_it(self) -> None:
        there: dict[str, Decimal] = defaultdict(D)
        for (item, _, lot, _), quantity in kept.places(self.app.engine).items():
            if item == "POMPE":
                there[lot] += quantity
        assert set(facts.some(there).values()) <= {1}
        sold = facts.delivered_serials(self.docs.values(), "POMPE")
        assert set(sold.values()) <= {1}
        assert not sold.keys() & facts.some(there).keys()
        assert kept.owners(self.app.engine, "POMPE") == dict.fromkeys(sold, "ACME")


class Progress(Shop):
    """Nothing is done twice."""

    @invariant()
    def nothing_is_delivered_received_returned_or_credited_twice(self) -> None:
        for (source, progress), (type, states) in COUNTED.items():
            made = facts.made_of(self.docs.values(), type, states)
            for one in (one for one in self.docs.values() if one.type == source and one.state != "cancelled"):
                for line in one.lines:
                    assert line.done(progress) == total(other.quantity for other in made[line.id])
                    assert progress == "picked" or line.done(progress) <= (line.quantity or D(0))

    @invariant()
    def what_drafts_speak_for_is_planned(self) -> None:
        for (source, progress), (type, states) in PLANNED.items():
            made = facts.made_of(self.docs.values(), type, states)
            for line in (line for one in self.docs.values() if one.type == source for line in one.lines):
                assert line.planned(progress) == total(other.quantity for other in made[line.id])

    @invariant()
    def nothing_is_invoiced_or_credited_twice(self) -> None:
        """A delivered line is invoiced, or came back before it was; no invoice is credited beyond its quantities."""
        invoiced = facts.made_of(self.docs.values(), "invoice", ISSUED)
        spared = facts.made_of(self.docs.values(), "customer_return", ("received", "credited"))
        for _, line in facts.lines_of(self.docs.values(), "delivery_note", *facts.NOTES):
            returned = total(other.custom.get("uninvoiced") for other in spared[line.id])
            assert line.done("invoiced") == total(other.quantity for other in invoiced[line.id]) + returned
            assert line.done("invoiced") <= (line.quantity or D(0))
        for type, progress in (("sales_order", "invoiced"), ("invoice", "credited"), ("customer_return", "credited")):
            for line in (line for one in self.docs.values() if one.type == type for line in one.lines):
                assert line.done(progress) <= (line.quantity or D(0))

    @invariant()
    def no_lot_comes_back_that_did_not_go(self) -> None:
        for source, type in (("delivery_note", "customer_return"), ("goods_receipt", "supplier_return")):
            made = facts.made_of(self.docs.values(), type, COUNTED[source, "returned"][1])
            for line in (line for one in self.docs.values() if one.type == source for line in one.lines):
                went = facts.lots_of(line)
                if one_has_no_name := went[""]:
                    assert one_has_no_name > 0
                    continue
                for lot in {lot for other in made[line.id] for lot in facts.lots_of(other)}:
                    assert total(facts.lots_of(other)[lot] for other in made[line.id]) <= went[lot]

    @invariant()
    def pegs_are_served_by_what_came_in(self) -> None:
        bought = [one for one in self.docs.values() if one.type == "purchase_order"]
        sold = [one for one in self.docs.values() if one.type == "sales_order"]
        served = facts.by_item(bought, lambda line: min(line.done("received"), total(peg.quantity for peg in line.pegs)))
        supplied = facts.some(facts.by_item(sold, lambda line: line.done("supplied")))
        assert supplied == facts.some(served), (supplied, served)
        pegged: dict[str, Decimal] = defaultdict(D)
        for peg in (peg for one in bought for line in one.lines for peg in line.pegs):
            pegged[peg.line_id] += peg.quantity
        for line in (line for one in sold for line in one.lines):
            assert line.done("supplied") + line.planned("supplied") <= pegged[line.id]


class Values(Shop):
    """What stock is worth."""

    @invariant()
    def stock_is_worth_what_its_moves_say_and_nothing_when_there_is_none(self) -> None:
        moved = kept.worth_moved(self.app.engine, "item")
        for row in kept.worth(self.app.engine):
            assert (row.quantity, row.value) == moved[row.item,]
            assert row.quantity or row.value == 0
            assert row.quantity <= 0 or row.value >= 0
            if row.item in FIFO and row.quantity > 0:
                assert total(D(layer[2]) for layer in row.layers) == row.quantity
                assert total(D(layer[3]) for layer in row.layers) == row.value

    @invariant()
    def transfers_change_neither_quantity_nor_value(self) -> None:
        moved = kept.worth_moved(self.app.engine, "document_id", "item")
        transfers = {one.id for one in self.docs.values() if one.type == "stock_transfer"}
        assert {worth for (one, _), worth in moved.items() if one in transfers} <= {(0, 0)}

    @invariant()
    def goods_come_in_for_what_they_cost_and_their_part_of_the_freight(self) -> None:
        """V1, V5: net and landed costs, to the cent; but what has a standard cost."""
        moved = kept.worth_moved(self.app.engine, "document_id", "item", "reason")
        for one in self.docs.values():
            if one.type == "goods_receipt" and one.state in RECEIPTS and one.kind not in STRAIGHT:
                for item in {line.item for line in one.lines if line.item != "VIS-3"}:
                    own = [line for line in one.lines if line.item == item]
                    cost = total(line.net for line in own) + total(line.custom.get("landed_cost") for line in own)
                    came = moved.get((one.id, item, ""), (D(0), D(0)))
                    assert came == (total(line.stock_quantity for line in own), round_half_up(cost, 2))

    @invariant()
    def what_is_held_takes_no_more_than_its_part_of_a_price_difference(self) -> None:
        moved = kept.worth_moved(self.app.engine, "document_id", "item", "reason")
        for one in (one for one in self.docs.values() if one.type in ("supplier_invoice", "supplier_credit_note")):
            for item, more in self.differences(one).items():
                taken = moved.get((one.id, item, "price difference"), (D(0), D(0)))[1]
                assert min(more, 0) <= taken <= max(more, 0), (item, taken, more)

    def differences(self, document: Document) -> dict[str, Decimal]:
        """By item how much more an invoice asks than its receipts said; nothing of goods that never lay in stock."""
        found: dict[str, Decimal] = defaultdict(D)
        for line in document.lines:
            receipt = self.docs.get(line.source_document or "")
            if receipt is None or not line.quantity:
                continue
            (source,) = [other for other in receipt.lines if other.id == line.source_id]
            counts = document.type == "supplier_invoice" and receipt.kind not in STRAIGHT and source.quantity
            more = line.net - source.net * line.quantity / source.quantity if counts else D(0)
            found[line.item or ""] += round_half_up(more, 2)
        return found


class Laws(Quantities, Progress, Values):
    """All of them. That the store agrees with itself is asked at the end (``Shop.teardown``)."""
