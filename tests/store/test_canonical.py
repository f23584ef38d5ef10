"""What is hashed is what is stored: any JSON value comes back as it was hashed, and what cannot is refused in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from sphinx_lib import Actor, InputError, Sphinx
from sphinx_lib.store import audit_log
from sphinx_lib.store.audit_log import entry, entry_hash
from sphinx_lib.store.canonical import digest, encode
from sphinx_lib.store.tables import audit_personal, documents, parties
from tests.store.support import faults, issue_invoice, open_shop

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES = (
    st.none() | st.booleans() | TEXTS | st.integers() | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([-0.0, 1e2, 1e-7, 2**53 + 1, "é", "e\u0301", "\0"])
)  # fmt: skip
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=12)
PAYLOADS = st.dictionaries(TEXTS, VALUES, max_size=4)
MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@given(VALUES)
def test_a_value_read_back_has_the_same_text(value: Any) -> None:
    text = encode(value)
    assert encode(json.loads(text)) == text
    assert text.encode()


@given(st.dictionaries(TEXTS, LEAVES, min_size=2, max_size=5))
def test_the_order_of_keys_does_not_matter(value: dict[str, Any]) -> None:
    assert encode(dict(reversed(value.items()))) == encode(value)


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (Decimal("10"), Decimal("10.00")),
        (Decimal("-0"), Decimal("0")),
        (Decimal("1E+3"), "1000"),
        (date(2026, 3, 2), "2026-03-02"),
        (AT, AT.astimezone(timezone(timedelta(hours=2)))),
    ],
)
def test_equal_numbers_and_moments_have_one_text(one: Any, same: Any) -> None:
    assert encode(one) == encode(same)


def test_forms_that_differ_stay_different() -> None:
    assert len({encode(one) for one in (1, 1.0, "1", True, None, -0.0, 0.0, "é", "e\u0301")}) == 9


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({1: "a"}, "the key 1 is no text"),
        ("\ud800", "half a character at position 1"),
        ({"\udc00": 1}, "half a character"),
        (float("nan"), "Out of range float"),
        (float("inf"), "Out of range float"),
        (Decimal("NaN"), "no JSON value"),
        (b"x", "no JSON value"),
        ({1, 2}, "no JSON value"),
        (LOOP, "holds itself"),
    ],
    ids=repr,
)
def test_what_would_not_come_back_is_refused_in_words(value: Any, told: str) -> None:
    with pytest.raises(InputError, match=f"cannot be kept in the audit log: .*{told}"):
        encode({"value": value} if not isinstance(value, dict) else value)


@pytest.mark.parametrize("actor", [42, None, True, b"x", "", "a" * 101, "a\0b", "a\ud800"], ids=repr)
def test_an_actor_who_is_no_name_is_refused_and_breaks_no_chain(app: Sphinx, actor: Any) -> None:
    with pytest.raises(InputError), app.session(actor=Actor(actor)) as s:
        s.create("invoice", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1}])
    assert faults(app) == []


@pytest.fixture(scope="module")
def sqlite_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sphinx]:
    app = open_shop(f"sqlite:///{tmp_path_factory.mktemp('canonical') / 'shop.sqlite'}")
    yield app
    app.engine.dispose()


def stored_and_read(app: Sphinx, payload: dict[str, Any]) -> None:
    """Write an entry, read it, and take it back."""
    row = entry(app.new_id(), 1, AT, "alice", "test", payload, "p" * 64, "")
    with app.engine.connect() as connection, connection.begin() as transaction:
        audit_log.append(connection, app.company, [row])
        (read,) = audit_log.entries(connection, app.company, [row.document_id])
        transaction.rollback()
    assert read == row._replace(payload=json.loads(row.text))
    assert entry_hash(read) == row.hash
    assert digest(read.payload) == digest(payload)


@given(payload=PAYLOADS)
@MANY
def test_an_entry_hashes_the_same_once_it_was_stored(sqlite_app: Sphinx, payload: dict[str, Any]) -> None:
    stored_and_read(sqlite_app, payload)


def test_an_entry_hashes_the_same_on_postgresql(postgres_database: str) -> None:
    app = open_shop(postgres_database)

    @given(payload=PAYLOADS)
    @MANY
    def run(payload: dict[str, Any]) -> None:
        stored_and_read(app, payload)

    run()
    app.engine.dispose()


def test_answers_come_back_as_they_were_given(app: Sphinx) -> None:
    """Number forms too, which JSONB does not keep: the digest of an answer is in the audit log."""
    answer = {"float": 1e2, "small": 1e-7, "nested": [{"b": 1, "a": [None, -0.0]}], "text": "e\u0301\0"}

    def work(_session: Any) -> Any:
        return answer

    assert app.do(work, key="k") == app.do(work, key="k") == answer
    assert faults(app) == []


def test_what_is_said_of_persons_can_be_deleted_and_the_chain_holds(app: Sphinx) -> None:
    """Clear values and salts go, at the records and beside the log; the digests stay and nothing is a fault."""
    invoice = issue_invoice(app)
    with app.session() as s:
        quote = s.create("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1}])
        s.fire(quote.id, "send")
        s.fire(quote.id, "accept", ask={"channel": "mail", "person": "Jean Dupont"})
    with app.engine.begin() as connection:
        assert "Jean Dupont" not in "".join(row.text for row in audit_log.entries(connection, app.company))
        assert "a@acme.fr" not in "".join(row.text for row in audit_log.entries(connection, app.company))
        connection.execute(audit_personal.delete())
        history = connection.scalar(select(documents.c.history).where(documents.c.id == quote.id))
        history["accept"]["facts"].pop("person")
        blank = {"personal_salt": None, "party_facts": {"code": "ACME", "country": "FR"}, "history": history}
        connection.execute(update(documents).where(documents.c.id == quote.id).values(blank))
        (data,) = connection.scalars(select(parties.c.data).where(parties.c.code == "ACME"))
        left = {name: value for name, value in data.items() if name not in ("name", "email")}
        connection.execute(update(parties).where(parties.c.code == "ACME").values(data=left, name=""))
    report = app.verify()
    assert report.faults == ()
    assert report.blanked == 4
    with app.engine.begin() as connection:
        connection.execute(update(documents).where(documents.c.id == invoice.id).values(personal_salt=None))
    assert any("what it says of persons" in fault for fault in faults(app))


def test_a_fact_deleted_beside_the_log_alone_is_named(app: Sphinx) -> None:
    with app.session() as s:
        quote = s.create("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1}])
        s.fire(quote.id, "send")
        s.fire(quote.id, "accept", ask={"channel": "mail", "person": "Jean Dupont"})
    with app.engine.begin() as connection:
        connection.execute(audit_personal.delete().where(audit_personal.c.field == "facts.person"))
    told = "facts.person of audit entry 3 was deleted, and the document keeps what it says of persons"
    assert [fault.split(": ", 1)[1] for fault in faults(app)] == [told]


def test_a_session_shows_what_was_set_apart(app: Sphinx) -> None:
    with app.session() as s:
        quote = s.create("quotation", customer="ACME", lines=[{"item": "VIS-1", "quantity": 1}])
        s.fire(quote.id, "send")
        s.fire(quote.id, "accept", ask={"channel": "mail", "person": "Jean Dupont"})
    with app.reader() as views:
        (accepted,) = [row for row in views.history(quote.id) if row.event == "accept"]
    assert accepted.payload["facts"] == {"channel": "mail", "person": "Jean Dupont"}


