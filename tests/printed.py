"""Documents of one small trading company, made through the library, for the tests of what is printed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sphinx_lib import Actor, Sphinx
from sphinx_lib.app.views import DocumentView

COMPANY = Path(__file__).parent / "golden" / "company"
ALICE = Actor("alice", {"see_margin"})


class Tuesday:
    """A clock that stands still on 3 March 2026."""

    def now(self) -> datetime:
        """09:00 in Paris."""
        return datetime(2026, 3, 3, 8, tzinfo=UTC)


CUSTOMERS: list[dict[str, Any]] = [
    {
        "code": "MARTIN", "name": "Ateliers Martin", "siren": "552100554", "vat_number": "FR27552100554",
        "address": {"street": "8 rue du Port", "street2": "Bâtiment C", "postal_code": "69002", "city": "Lyon"},
        "payment_terms": "30_days_end_of_month",
        "sites": [
            {"code": "DEPOT", "name": "Ateliers Martin, dépôt",
             "address": {"street": "ZI des Platanes", "postal_code": "38070", "city": "Saint-Quentin-Fallavier"}},
        ],
    },
    {
        "code": "BAKER", "name": "Baker & Sons Ltd", "country": "GB", "language": "en", "currency": "GBP",
        "address": {"street": "221 Mill Lane", "city": "Sheffield", "postal_code": "S1 2AB"}, "payment_terms": "thirds",
    },
    {
        "code": "SMITH", "name": "Smith Hardware Inc.", "country": "US", "language": "en", "currency": "USD",
        "address": {"street": "500 Main St", "city": "Austin", "region": "TX", "postal_code": "78701"},
    },
    {
        "code": "SATO", "name": "Sato KK", "country": "JP", "language": "en", "currency": "JPY",
        "address": {"street": "2-1 Marunouchi, Chiyoda-ku", "city": "Tokyo", "postal_code": "100-0005"},
    },
]  # fmt: skip

ITEMS: list[dict[str, Any]] = [
    {"code": "VIS-M6", "name": {"fr": "Vis M6 inox", "en": "M6 stainless screw"}, "sale_price": "12.50", "per": "100",
     "cost": "0.06", "weight_kg": "0.0085", "units": {"hundred": "100"}},
    {"code": "TOURET", "name": {"fr": "Touret de câble 50 m", "en": "Cable drum 50 m"}, "sale_price": "1234.56",
     "cost": "800", "weight_kg": "25"},
    {"code": "CABLE", "name": {"fr": "Câble acier au mètre", "en": "Steel cable by the metre"}, "unit": "m",
     "sale_price": "3.995", "cost": "2", "weight_kg": "0.4"},
    {"code": "LIVRE", "name": {"fr": "Guide du serrage", "en": "Fastening handbook"}, "sale_price": "28.00",
     "cost": "12", "vat": "reduced", "weight_kg": "0.6"},
    {"code": "POSE", "name": {"fr": "Pose sur site", "en": "Fitting on site"}, "kind": "service", "unit": "hour",
     "sale_price": "65", "cost": "40"},
]  # fmt: skip

LINES: list[dict[str, Any]] = [
    {"item": "VIS-M6", "quantity": 1200},
    {"item": "TOURET", "quantity": 2, "discounts": ["10", "5"], "promised_date": "2026-03-20"},
    {"text": "Livrer le matin, sonner au portail de gauche."},
    {"item": "CABLE", "quantity": "37.5", "reference": "CB-77"},
    {"item": "LIVRE", "quantity": 3},
    {"item": "POSE", "quantity": "2.5"},
]


def open_shop(*config: Any, **options: Any) -> Sphinx:
    """The company with its customers, items, stock and exchange rates, in memory."""
    app = Sphinx.open(("base", COMPANY, *config), clock=Tuesday(), **options)
    rates = {"GBP": "0.86", "USD": "1.08", "JPY": "161.25"}
    with app.session(actor=ALICE) as session:
        session.put("customer", CUSTOMERS)
        session.put("item", ITEMS)
        session.put(
            "exchange_rate",
            [{"currency": code, "date": "2026-03-02", "rate": rate} for code, rate in rates.items()],
        )
        for item in ITEMS:
            if item.get("kind") != "service":
                session.adjust_stock(item["code"], 5000)
    return app


def quotation(app: Sphinx, customer: str = "MARTIN", **header: Any) -> str:
    """A quotation that was sent; its id."""
    given = {"reference": "Demande 12-B", "subject": "Atelier nord", **header}
    with app.session(actor=ALICE) as session:
        made = session.create("quotation", customer=customer, **{"lines": LINES, **given})
        return session.fire(made.id, "send").id


def order(app: Sphinx, customer: str = "MARTIN", **header: Any) -> str:
    """A confirmed order; its id."""
    given = {"reference": "PO-4711", "promised_date": "2026-03-18", "buyer": "Mme Roux", "internal_note": "secret"}
    with app.session(actor=ALICE) as session:
        made = session.create("sales_order", customer=customer, **{"lines": LINES, **given, **header})
        return session.fire(made.id, "confirm").id


def delivery_note(app: Sphinx, order_id: str, quantities: Any = None) -> str:
    """A delivery note that shipped an order, or the ``quantities`` of it by position; its id."""
    with app.session(actor=ALICE) as session:
        return str(session.derive(order_id, "delivery_note", quantities=quantities).documents[0].id)


IN_BINS: list[dict[str, Any]] = [
    {"code": "HUILE", "name": {"fr": "Huile de coupe 1 l", "en": "Cutting oil 1 l"}, "sale_price": "9.90", "tracking": "lot",
     "weight_kg": "0.9", "packaging_kg": "0.15", "bin": "C-1"},
    {"code": "GANTS", "name": {"fr": "Gants de manutention", "en": "Work gloves"}, "sale_price": "4.20", "bin": "A-10"},
    {"code": "CHEVILLE", "name": {"fr": "Cheville M8", "en": "M8 plug"}, "sale_price": "0.30", "sales_unit": "hundred",
     "weight_kg": "0.012", "bin": "B-4"},
    {"code": "COFFRET", "name": {"fr": "Coffret de fixation", "en": "Fastening kit"}, "kind": "kit", "sale_price": "39.00",
     "components": {"CHEVILLE": "20", "GANTS": "1"}},
]  # fmt: skip
LOTS: list[dict[str, Any]] = [
    {"item": "HUILE", "quantity": 5, "lot": "H-2601", "bin": "C-1", "expires": "2026-12-31"},
    {"item": "HUILE", "quantity": 20, "lot": "H-2604", "bin": "C-12", "expires": "2027-06-30"},
    {"item": "GANTS", "quantity": 8, "bin": "A-2"},
    {"item": "GANTS", "quantity": 40},
    {"item": "CHEVILLE", "quantity": 900},
]


def picking_list(app: Sphinx, **header: Any) -> str:
    """A list being picked for orders of two customers, over bins and lots, with a kit and an item without weight; its id."""
    with app.session(actor=ALICE) as session:
        session.put("item", IN_BINS)
        for row in LOTS:
            session.adjust_stock(row["item"], row["quantity"], **{k: v for k, v in row.items() if k not in ("item", "quantity")})
        orders = [
            session.create("sales_order", customer=customer, reference=reference, lines=lines).id
            for customer, reference, lines in (
                ("MARTIN", "PO-4712", [{"item": "HUILE", "quantity": 8}, {"item": "GANTS", "quantity": 10, "reference": "GT-9"}]),
                ("SMITH", "", [{"item": "CHEVILLE", "quantity": "1.5"}, {"item": "COFFRET", "quantity": 2}]),
            )
        ]
        for one in orders:
            session.fire(one, "confirm")
        made = session.derive(orders, "picking_list").documents[0]
        session.edit(made.id, **header)
        return session.fire(made.id, "start").id


def picked(app: Sphinx, list_id: str) -> list[str]:
    """The delivery notes of a list on which everything was found; their ids."""
    with app.reader() as views:
        before = set(views.ids(type="delivery_note"))
    with app.session(actor=ALICE) as session:
        session.fire(list_id, "finish")
    with app.reader() as views:
        return [one for one in views.ids(type="delivery_note") if one not in before]


def invoice(app: Sphinx, source: Any) -> str:
    """An issued invoice of one or several delivery notes or orders; its id."""
    with app.session(actor=ALICE) as session:
        made = session.derive(source, "invoice").documents[0]
        return session.fire(made.id, "issue").id


def credit_note(app: Sphinx, invoice_id: str, quantities: Any) -> str:
    """An issued credit note for ``quantities`` of an invoice by position; its id."""
    with app.session(actor=ALICE) as session:
        made = session.derive(invoice_id, "credit_note", quantities=quantities).documents[0]
        return session.fire(made.id, "issue").id


def view(app: Sphinx, document_id: str, language: str | None = None) -> DocumentView:
    """The document as printed."""
    with app.reader() as views:
        return views.document(document_id, language)
