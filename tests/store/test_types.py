"""Values come back from both databases exactly as they went in (N1, architecture 4.14 and 4.16)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Engine, MetaData, Table, func, insert, select

from sphinx_lib import InputError
from sphinx_lib.kernel.ids import Uuid7
from sphinx_lib.store.engine import open_engine
from sphinx_lib.store.types import Exact, IdType, Moment, to_json

D = Decimal
metadata = MetaData()
values = Table(
    "values", metadata, Column("id", IdType), Column("amount", Exact(4)), Column("quantity", Exact(6)), Column("at", Moment)
)
EDGES = ["0", "-0.0001", "12345678901234.1234", "-12345678901234.1234", "0.1", "99999999999999.9999"]


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    opened = open_engine(request.getfixturevalue("postgres_url") if request.param == "postgresql" else "sqlite://")
    metadata.create_all(opened)
    yield opened
    metadata.drop_all(opened)
    opened.dispose()


both = pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)


def stored(connection: Connection, **row: object) -> tuple[object, ...]:
    connection.execute(values.delete())
    connection.execute(insert(values), row)
    return tuple(connection.execute(select(values)).one())


@both
@pytest.mark.parametrize("text", EDGES)
def test_an_amount_of_eighteen_digits_comes_back_as_it_was(engine: Engine, text: str) -> None:
    with engine.begin() as connection:
        _, amount, *_ = stored(connection, amount=D(text))
    assert amount == D(text)
    assert isinstance(amount, Decimal)


@both
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(units=st.integers(-(10**18) + 1, 10**18 - 1))
def test_every_quantity_of_six_places_comes_back_as_it_was(engine: Engine, units: int) -> None:
    quantity = D(units).scaleb(-6)
    with engine.begin() as connection:
        assert stored(connection, quantity=quantity)[2] == quantity


@both
@pytest.mark.parametrize("text", ["0.00001", "12345678901234.12345", "100000000000000", "1e30", "-1e14"])
def test_a_value_with_more_places_than_the_column_is_refused_instead_of_rounded(engine: Engine, text: str) -> None:
    with engine.begin() as connection, pytest.raises(InputError) as refused:
        connection.execute(insert(values), {"amount": D(text)})
    assert str(refused.value) == f"{D(text)} does not fit 4 decimal places and 14 before the point"


@both
def test_sums_in_sql_are_exact(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(values.delete())
        connection.execute(insert(values), [{"amount": D("0.1")}] * 3 + [{"amount": D("12345678901234.0001")}])
        assert connection.scalar(select(func.sum(values.c.amount))) == D("12345678901234.3001")


@both
def test_ids_come_back_as_they_were_and_keep_their_order(engine: Engine) -> None:
    new_id = Uuid7(lambda: 1_700_000_000_000, lambda count: b"\x7f" * count)
    ids = [new_id() for _ in range(50)]
    with engine.begin() as connection:
        connection.execute(values.delete())
        connection.execute(insert(values), [{"id": one} for one in reversed(ids)])
        connection.execute(insert(values), {"id": None})
        found = list(connection.scalars(select(values.c.id).where(values.c.id.is_not(None)).order_by(values.c.id)))
        assert found == ids == sorted(ids)
        assert connection.scalar(select(func.count()).where(values.c.id == ids[3])) == 1
        assert connection.scalar(select(values.c.id).where(values.c.id.is_(None))) is None


@both
@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/New_York"])
def test_a_time_comes_back_in_utc_whatever_zone_it_was_given_in(engine: Engine, zone: str) -> None:
    at = datetime(2026, 3, 29, 1, 30, 15, 123456, tzinfo=ZoneInfo(zone))
    with engine.begin() as connection:
        found = stored(connection, at=at)[3]
    assert found == at
    assert isinstance(found, datetime)
    assert found.tzinfo is UTC


def test_json_keeps_decimals_as_text() -> None:
    assert to_json({"a": D("1.50")}) == '{"a":"1.50"}'


def test_json_takes_no_value_that_it_cannot_give_back() -> None:
    with pytest.raises(TypeError, match="^set is not a JSON value$"):
        to_json({"a": {1}})
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"a": float("nan")})
