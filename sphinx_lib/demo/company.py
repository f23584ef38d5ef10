"""The demo's company at work: short names for the commands of a session, each told in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sphinx_lib.app.session import Session
from sphinx_lib.app.sphinx import Sphinx
from sphinx_lib.demo.wording import described, money, owed, party, plain, worth
from sphinx_lib.kernel.document import Document, Id
from sphinx_lib.kernel.errors import GuardFailed
from sphinx_lib.kernel.ports import Actor

JULIE = Actor("julie")  # sales
MARTIN = Actor("martin", {"exceed_credit"})  # the owner, who may go beyond a credit limit
LineOf = tuple[Any, ...]
"""An item, a quantity, and a unit where it is not the item's own."""


@dataclass
class MovableClock:
    """A clock that stands still until it is moved."""

    time: datetime

    def now(self) -> datetime:
        """The moment it stands at."""
        return self.time

    @classmethod
    def at(cls, day: date) -> MovableClock:
        """A clock that stands at the morning of ``day``."""
        return cls(datetime(day.year, day.month, day.day, 8, tzinfo=UTC))

    def move_to(self, day: date) -> None:
        """Stand at eight in the morning (UTC) of ``day``."""
        self.time = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)


@dataclass
class Company:
    """``tell`` gets every sentence; ``kept`` is what the story comes back to, by names of its own.

    A name stands for the newest document of its chain: a quotation, then the order or note made from it.
    """

    app: Sphinx
    clock: MovableClock
    tell: Callable[[str], None]
    kept: dict[str, Id] = field(default_factory=dict)

    # -- quotations ------------------------------------------------------------------------------------

    def quote(self, name: str, customer: str, lines: Sequence[LineOf], **header: Any) -> None:
        """Write a quotation and send it."""
        with self.app.session(actor=JULIE) as session:
            draft = session.create("quotation", customer=customer, lines=_rows(lines), **header)
            self._send(session, name, draft.id)

    def revise(self, name: str, lines: Mapping[int, Mapping[str, Any]], **header: Any) -> None:
        """Replace a quotation by its next version with some lines changed, and send that."""
        with self.app.session(actor=JULIE) as session:
            old = session.fire(self.kept[name], "revise")
        with self.app.reader() as views:
            (draft,) = views.ids(type="quotation", root_number=old.root_number, state="draft")
        with self.app.session(actor=JULIE) as session:
            session.edit(draft, lines=lines, **header)
            self._send(session, name, draft)

    def _send(self, session: Session, name: str, draft: Id) -> None:
        sent = _fired(session, draft, "send")
        self.kept[name] = sent.id
        self.tell(f"{described(sent)} to {party(sent)}, {worth(sent)}")

    def accepted(self, name: str, person: str, channel: str) -> None:
        """The customer says yes: itself on the portal, or to one of ours who writes it down."""
        self._answered(name, "accept", "accepted", person=person, channel=channel)

    def refused(self, name: str, person: str, channel: str, reason: str) -> None:
        """The customer says no, and why."""
        self._answered(name, "refuse", f"refused ({reason})", person=person, channel=channel, reason=reason)

    def _answered(self, name: str, event: str, what: str, **facts: str) -> None:
        portal = facts["channel"] == "portal"
        actor = Actor(f"portal:{facts['person']}") if portal else JULIE
        with self.app.session(actor=actor) as session:
            document = session.fire(self.kept[name], event, ask=facts, by="customer" if portal else "user")
        how = "on the portal" if portal else f"by {facts['channel']}"
        self.tell(f"{described(document)} {what}: {facts['person']}, {how}")

    # -- orders and deliveries -------------------------------------------------------------------------

    def follow_up(self, name: str) -> None:
        """Deliver what was accepted when all of it is in stock, else write the order (Q2)."""
        with self.app.session(actor=JULIE) as session:
            derived = session.derive(self.kept[name])
            document = _written(session, derived.documents[0].id)
        short = "; ".join(
            f"{row.item}: {plain(row.needed)} needed, {plain(row.available)} there" for row in derived.stock if row.missing
        )
        self._made(name, document, f"short of {short}" if short else "all in stock")

    def deliver(self, name: str, quantities: Mapping[int, Any] | None = None, *, note: str = "note") -> None:
        """Deliver an order: all that is left of it, or ``quantities`` by line; ``note`` names the delivery note."""
        with self.app.session(actor=JULIE) as session:
            derived = session.derive(self.kept[name], "delivery_note", quantities=quantities)
            document = _written(session, derived.documents[0].id)
            order = session.document(self.kept[name])
        left = [
            f"{plain(line.remaining('delivered'))} {line.item}" for line in order.lines if line.remaining("delivered")
        ]
        self._made(note, document, f"still to deliver: {', '.join(left)}" if left else "all delivered")

    def sell(self, name: str, customer: str, lines: Sequence[LineOf], **header: Any) -> None:
        """Deliver without an order, over the counter."""
        with self.app.session(actor=JULIE) as session:
            made = session.create("delivery_note", customer=customer, lines=_rows(lines), **header)
            document = _written(session, made.id)
        self._made(name, document, "over the counter")

    def _made(self, name: str, document: Document, remark: str) -> None:
        self.kept[name] = document.id
        self.tell(f"{described(document)} for {party(document)}; {remark}")
        with self.app.reader() as views:
            for invoice in views.results(document.id):
                self.tell(f"{described(invoice)} at once, {owed(invoice)}")

    def order(self, name: str, customer: str, lines: Sequence[LineOf], **header: Any) -> None:
        """Take an order that had no quotation, and try to confirm it."""
        with self.app.session(actor=JULIE) as session:
            self.kept[name] = session.create("sales_order", customer=customer, lines=_rows(lines), **header).id
        try:
            self.confirm(name)
        except GuardFailed as refusal:
            facts = refusal.reasons[0].facts
            self.tell(
                f"order of {facts['name']} stays a draft: {money(facts['after'])} outstanding, "
                f"above its credit limit of {money(facts['limit'])}"
            )

    def confirm(self, name: str, actor: Actor = JULIE, **override: str) -> None:
        """Confirm an order; ``override`` gives by guard the reason to go past it."""
        with self.app.session(actor=actor) as session:
            document = _fired(session, self.kept[name], "confirm", override)
        why = f"; {actor.name}: {', '.join(override.values())}" if override else ""
        self.tell(f"{described(document)} for {party(document)}, {worth(document)}{why}")

    # -- invoices and money ----------------------------------------------------------------------------

    def proforma(self, name: str) -> None:
        """Issue a proforma of a quotation or order."""
        self._issue(self.kept[name], "proforma")

    def credit(self, name: str, quantities: Mapping[int, Any]) -> None:
        """Credit some lines of the invoice of a delivery note."""
        self._issue(self._invoice_of(name), "credit_note", quantities)

    def _issue(self, source: Id, to: str, quantities: Mapping[int, Any] | None = None) -> None:
        with self.app.session(actor=JULIE) as session:
            draft = session.derive(source, to, quantities=quantities).documents[0]
            document = _fired(session, draft.id, "issue")
        self.tell(f"{described(document)} for {party(document)}, {worth(document)}")

    def _invoice_of(self, name: str) -> Id:
        with self.app.reader() as views:
            return next(one.id for one in views.results(self.kept[name]) if one.type == "invoice")

    def paid(self, name: str, amount: str | None = None, method: str = "transfer") -> None:
        """The customer pays the invoice of a delivery note: all that is open on it, or ``amount``."""
        invoice_id = self._invoice_of(name)
        with self.app.session(actor=JULIE) as session:
            invoice = session.document(invoice_id)
            made = session.pay(
                invoice.party or "",
                amount or invoice.balance,
                method=method,
                allocate=[invoice_id],
                currency=invoice.currency,
            )
            payment, invoice = _written(session, made.id), session.document(invoice_id)
        rest = f"; {money(invoice.balance, invoice.currency)} stay open" if invoice.balance else ""
        given = money(payment.total_gross, payment.currency)
        self.tell(f"{described(payment)}: {party(payment)} pays {given} of {invoice.number} by {method}{rest}")

    # -- stock and runs --------------------------------------------------------------------------------

    def receive(self, item: str, quantity: int) -> None:
        """Goods come in."""
        with self.app.session(actor=JULIE) as session:
            session.adjust_stock(item, quantity)
        self.tell(f"goods in: {quantity} {item}")

    def expire(self) -> None:
        """Run the expiry of quotations."""
        for document in self._run("expiry"):
            self.tell(f"{described(document)} to {party(document)} expired without an answer")

    def invoice_month(self) -> None:
        """Run the invoicing of all that was delivered and not invoiced at once."""
        for document in self._run("invoicing", until=self.clock.now().date()):
            site = document.party_facts.get("site", {}).get("name", "")
            self.tell(f"{described(document)} to {party(document)}{site and f' ({site})'}, {owed(document)}")

    def _run(self, run: str, **options: Any) -> list[Document]:
        made = self.app.run(run, actor=JULIE, **options).made
        with self.app.reader() as views:
            return [view.document for view in views.documents(made)]


def _rows(lines: Sequence[LineOf]) -> list[dict[str, Any]]:
    return [dict(zip(("item", "quantity", "unit"), line, strict=False)) for line in lines]


def _fired(session: Session, document_id: Id, event: str, override: Mapping[str, str] | None = None) -> Document:
    session.fire(document_id, event, override=override)
    return _written(session, document_id)


def _written(session: Session, document_id: Id) -> Document:
    """The document with the number that the flush gives it."""
    session.flush()
    return session.document(document_id)
