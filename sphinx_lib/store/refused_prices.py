"""Refused prices in the audit log: each is a chain of one entry, so that it can be neither changed
nor, once sealed, taken out unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from sphinx_lib.kernel.document import Id
from sphinx_lib.kernel.money import plain_number
from sphinx_lib.kernel.tries import PriceTry, RefusedPrice
from sphinx_lib.store.audit_log import AuditRow, append, entry
from sphinx_lib.store.tables import audit_log

EVENT = "refused_price"


def keep(
    connection: Connection,
    company: str,
    rows: Sequence[tuple[Id, PriceTry]],
    at: datetime,
    actor: str,
    pack: str,
) -> None:
    """Write refused prices, each under an id of its own."""
    append(connection, company, [_entry(one, tried, at, actor, pack) for one, tried in rows])


def _entry(one: Id, tried: PriceTry, at: datetime, actor: str, pack: str) -> AuditRow:
    payload = {**tried._asdict(), "price": plain_number(tried.price)}
    return entry(one, 1, at, actor, EVENT, payload, pack, "")


def found(
    connection: Connection, company: str, actor: str | None = None, since: datetime | None = None
) -> Iterator[RefusedPrice]:
    """Refused prices, newest first: of one actor, or from a moment on."""
    log = audit_log.c
    statement = select(log.document_id, log.recorded_at, log.actor, log.payload).where(
        log.company_id == company, log.event == EVENT
    )
    if actor is not None:
        statement = statement.where(log.actor == actor)
    if since is not None:
        statement = statement.where(log.recorded_at >= since)
    for row in connection.execute(
        statement.order_by(log.recorded_at.desc(), log.document_id.desc())
    ):
        yield RefusedPrice(row.document_id, row.recorded_at, row.actor, _tried(row.payload))


def _tried(payload: dict[str, Any]) -> PriceTry:
    return PriceTry(**{**payload, "price": Decimal(payload["price"])})
