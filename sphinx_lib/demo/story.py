"""March 2026 at Outillage Martin, day by day. ``sphinx-lib demo`` prints the first text of each day as its heading."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sphinx_lib.demo.company import MARTIN, Company

Day = Callable[[Company], None]


def monday_2(martin: Company) -> None:
    """Two quotations. Durand has 5 % off everything, and 8 % more on screws from 2000."""
    martin.quote(
        "school",
        "DURAND",
        [("PERCEUSE", 4), ("VIS-5X50", 10, "box"), ("CHEV-8", 5, "box"), ("GUIDE", 2)],
        site="ECOLE",
        contact="HD",
        subject="Outillage du chantier école",
    )
    martin.quote("leblanc", "LEBLANC", [("SCIE", 6), ("DISQUE", 5, "box")], reference="ATELIER-26-03")


def tuesday_3(martin: Company) -> None:
    """Durand accepts on the portal and all is in stock: a delivery note at once, invoiced at the end of the month."""
    martin.accepted("school", "Hélène Durand", "portal")
    martin.follow_up("school")
    martin.quote("weston", "WESTON", [("LASER", 3), ("MEULEUSE", 4)], subject="Spring stock")
    martin.quote("petit", "PETIT", [("ECHELLE", 2), ("ATELIER", 3)])


def wednesday_4(martin: Company) -> None:
    """Leblanc accepts by phone, but two saws are missing: an order, and what is there is delivered and invoiced."""
    martin.accepted("leblanc", "M. Leblanc", "phone")
    martin.follow_up("leblanc")
    martin.deliver("leblanc", {1: 4, 2: 5}, note="leblanc first")
    martin.quote("kerlann", "KERLANN", [("BETON", 2), ("MORTIER", 1200), ("PORT", 1)], valid_until=date(2026, 3, 16))


def thursday_5(martin: Company) -> None:
    """Weston buys in pounds, at its own list price for lasers; Petit says no."""
    martin.accepted("weston", "Ann Weston", "portal")
    martin.follow_up("weston")
    martin.quote("hudson", "HUDSON", [("PERCEUSE", 6), ("DISQUE", 10, "box"), ("CHAINE", 40)])
    martin.refused("petit", "Yann Petit", "phone", "trop tard pour le chantier")


def friday_6(martin: Company) -> None:
    """Hudson's bank wants a proforma."""
    martin.proforma("hudson")
    martin.quote("halls", "DURAND", [("BETON", 2), ("MORTIER", 1500), ("LOC-PELLE", 3)], site="HALLES", contact="HD")


def monday_9(martin: Company) -> None:
    """Hudson accepts; Durand wants five days of excavator instead of three, and gets 2 % off the whole."""
    martin.accepted("hudson", "J. Hudson", "email")
    martin.follow_up("hudson")
    martin.revise("halls", {3: {"quantity": 5}}, foot_discount=2)


def tuesday_10(martin: Company) -> None:
    """The new version is accepted."""
    martin.accepted("halls", "Hélène Durand", "portal")
    martin.follow_up("halls")
    martin.quote("tanaka", "TANAKA", [("LASER", 2), ("PERCEUSE", 3)])


def wednesday_11(martin: Company) -> None:
    """The town hall orders without a quotation."""
    martin.order("town hall", "KERLANN", [("ENDUIT", 400), ("HUILE", 60), ("CHEV-8", 1000)], reference="BC 2026-114")


def thursday_12(martin: Company) -> None:
    """A sale over the counter, paid by card."""
    martin.sell("counter", "PETIT", [("GANTS", 1, "box"), ("VIS-5X50", 3, "box"), ("DISQUE", 2)])
    martin.paid("counter", method="card")
    martin.quote("mueller", "MUELLER", [("MEULEUSE", 8), ("ECHELLE", 6), ("CABLE", 5, "roll")])


def friday_13(martin: Company) -> None:
    """The town hall gets its goods."""
    martin.deliver("town hall")


def monday_16(martin: Company) -> None:
    """The missing saws come in and go out."""
    martin.receive("SCIE", 10)
    martin.deliver("leblanc")


def tuesday_17(martin: Company) -> None:
    """A quotation has run out. Tanaka buys in yen, at the rate of the day of the invoice."""
    martin.expire()
    martin.accepted("tanaka", "K. Tanaka", "portal")
    martin.follow_up("tanaka")
    martin.accepted("mueller", "Frau Müller", "email")
    martin.follow_up("mueller")


def wednesday_18(martin: Company) -> None:
    """Leblanc found one of five boxes of discs damaged: a credit note on the first invoice."""
    martin.credit("leblanc first", {2: 1})


def thursday_19(martin: Company) -> None:
    """Durand's order would pass its credit limit; the owner lets it."""
    martin.order("hire", "DURAND", [("ECHELLE", 4), ("LOC-PELLE", 10), ("ATELIER", "6.5")], site="ECOLE", contact="HD")
    martin.confirm("hire", MARTIN, credit_limit="acompte promis pour le 15 avril")


def friday_20(martin: Company) -> None:
    """What is there is delivered; the excavator comes in April."""
    martin.deliver("hire", {1: 4, 3: "6.5"})


def monday_23(martin: Company) -> None:
    """A quotation that is still waiting when the month ends."""
    martin.quote("leblanc again", "LEBLANC", [("LASER", 1), ("ATELIER", "2.5")])


def wednesday_25(martin: Company) -> None:
    """Müller orders more lasers than there are."""
    martin.order("lasers", "MUELLER", [("LASER", 6), ("CABLE", 4, "roll")], reference="PO-5512")


def monday_30(martin: Company) -> None:
    """Money: all, a part, and dollars that have become cheaper than on the day of the invoice."""
    martin.paid("leblanc first")
    martin.paid("weston", "1000.00")
    martin.paid("hudson")


def tuesday_31(martin: Company) -> None:
    """Yen that have become dearer, and the invoices of the month: one for each customer or site."""
    martin.paid("tanaka")
    martin.invoice_month()


MARCH: tuple[tuple[int, Day], ...] = (
    (2, monday_2),
    (3, tuesday_3),
    (4, wednesday_4),
    (5, thursday_5),
    (6, friday_6),
    (9, monday_9),
    (10, tuesday_10),
    (11, wednesday_11),
    (12, thursday_12),
    (13, friday_13),
    (16, monday_16),
    (17, tuesday_17),
    (18, wednesday_18),
    (19, thursday_19),
    (20, friday_20),
    (23, monday_23),
    (25, wednesday_25),
    (30, monday_30),
    (31, tuesday_31),
)
FIRST = date(2026, 3, 2)
