"""One exchange rate for each currency and day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sphinx_lib.kernel.errors import Refused

revision = "0010"
down_revision: str | None = "0009"


def upgrade() -> None:
    """Make the index of rates unique. Refused where a day has several: no program can tell which one is right.

    None is deleted, since the audit log holds each of them, and documents say which rate they took.
    """
    rates = sa.table("exchange_rates", *(sa.column(name) for name in ("company_id", "currency", "date", "code")))
    c = rates.c
    twice = (
        sa.select(c.company_id, c.currency, c.date)
        .group_by(c.company_id, c.currency, c.date)
        .having(sa.func.count() > 1)
        .subquery()
    )
    statement = sa.select(c.company_id, c.currency, sa.cast(c.date, sa.String), c.code).join(
        twice, (twice.c.company_id == c.company_id) & (twice.c.currency == c.currency) & (twice.c.date == c.date)
    )
    found = op.get_bind().execute(statement.order_by(*c)).all()
    if found:
        told = "; ".join(f"{company}: {currency} on {day}: {code}" for company, currency, day, code in found)
        raise Refused(
            f"several exchange rates stand for one day: {told}. With the release before, put the wrong ones again "
            "under their code, with a day that has no rate; then migrate",
        )
    op.drop_index("rates_by_date", "exchange_rates")
    op.create_index("rates_by_date", "exchange_rates", ["company_id", "currency", "date"], unique=True)
