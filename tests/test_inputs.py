"""The gate: what follows from its models is current, and what is wrong is told with its place and the way out."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from inspect import Parameter, signature
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from scripts.write_inputs import MODULE, PAGE, module, page
from sphinx_lib import Actor, InputError, Sphinx
from sphinx_lib.app.commands import command_schemas, commands, json_schema
from sphinx_lib.app.session import Session
from sphinx_lib.app.views import Views
from sphinx_lib.kernel import inputs
from tests.store.support import ALICE, open_shop

AGAIN = "run: python scripts/write_inputs.py"


@pytest.fixture(scope="module")
def app() -> Sphinx:
    return open_shop("sqlite://")


def test_the_reference_page_is_what_the_models_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), AGAIN


def test_the_typed_dicts_are_what_the_models_say() -> None:
    assert MODULE.read_text(encoding="utf-8") == module(), AGAIN


def test_every_public_method_passes_the_gate() -> None:
    open_ = {"flush"}  # takes nothing
    for of_class in (Session, Views):
        for name, method in vars(of_class).items():
            if callable(method) and not name.startswith("_") and name not in open_:
                assert hasattr(method, "__gate__"), f"{of_class.__name__}.{name} does not pass the gate"


def test_a_gate_lets_no_plain_type_through() -> None:
    """An argument annotated as ``str`` or ``Decimal`` would take what the databases refuse."""
    for name, gate in commands().items():
        for one in signature(gate.function).parameters.values():
            if one.kind is not Parameter.VAR_KEYWORD:
                assert str(one.annotation) not in {"str", "Id", "int", "date", "bool", "Decimal", "str | None"}, f"{name}: {one}"


def test_every_command_has_a_schema() -> None:
    told = json.loads(json_schema())
    names = set(commands()) - {"session.put"}
    assert names <= told["properties"].keys()
    assert {"session.put.item", "session.put.price"} <= command_schemas().keys()


@pytest.mark.parametrize(
    ("exact", "given", "told"),
    [
        (inputs.Quantity, 1.5, "1.5 is a float; write it as a text or a Decimal"),
        (inputs.Quantity, True, "a bool is not a number"),
        (inputs.Quantity, "1e999999", "'1e999999' is not a plain decimal number"),
        (inputs.Quantity, Decimal("1e999999"), "the number has more than 28 digits"),
        (inputs.Quantity, 10**4000, "the number has more than 20 digits"),
        (inputs.Quantity, Decimal("NaN"), "NaN is not a finite number"),
        (inputs.Quantity, "100000000000", "does not fit: at most 11 digits and 6 decimals"),
        (inputs.Amount, "0.00001", "has more than 4 decimals"),
        (inputs.Whole, True, "True is not a whole number; write it without a point, as 30"),
        (inputs.Flag, 1, "write true or false, not 1"),
        (inputs.Day, datetime(2026, 3, 2, tzinfo=UTC), "a datetime is not a date"),
        (inputs.Day, "9999-12-31", "9999-12-31 is not within the years 1900 to 2999"),
        (inputs.Day, date.min, "0001-01-01 is not within the years 1900 to 2999"),
        (inputs.ListOf[inputs.Code], "ACME", "write a list, ['ACME'], not 'ACME'"),
        (inputs.ListOf[inputs.Code], {"ACME": 1}, "a dict is not a list"),
        (inputs.DocumentId, "42", "'42' is not an id; give one of 32 hexadecimal digits"),
        (inputs.DocumentId, 42, "42 is not an id"),
        (inputs.Name, "a\0b", "NUL"),
        (inputs.Fields, {1: 2}, "the key 1: 1 is not a text"),
    ],
)
def test_an_exact_type_takes_nothing_else(exact: Any, given: Any, told: str) -> None:
    with pytest.raises((ValueError, ValidationError)) as wrong:
        TypeAdapter(exact).validate_python(given)
    errors = wrong.value.errors() if isinstance(wrong.value, ValidationError) else []
    assert told in str(wrong.value) or errors[0]["type"] == "string_pattern_mismatch"


@pytest.mark.parametrize("given", ["12.50", 12, Decimal("12.50"), "-3"])
def test_prices_of_the_readme_are_taken(given: Any) -> None:
    assert TypeAdapter(inputs.Quantity).validate_python(given) == Decimal(given)


def problems(app: Sphinx, command: str, *args: Any, **named: Any) -> tuple[str, ...]:
    with app.session(actor=ALICE) as session:
        with pytest.raises(InputError) as told:
            getattr(session, command)(*args, **named)
        return told.value.problems


def test_all_that_is_wrong_with_lines_is_told_at_once(app: Sphinx) -> None:
    rows = [{"item": "VIS-1", "quantity": 1.5}, {"item": "VIS-1", "quantity": True, "discounts": "50"}]
    assert problems(app, "create", "quotation", customer="ACME", lines=rows) == (
        "line 1: quantity: 1.5 is a float; write it as a text or a Decimal",
        "line 2: quantity: a bool is not a number; write a text, a whole number or a Decimal",
        "line 2: discounts: write a list, ['50'], not '50'",
    )


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ({"language": "de"}, "unknown language 'de'; known: fr, en"),
        ({"contact": "DURANT"}, "ACME has no contact 'DURANT'"),
        ({"deal": "HALLE"}, "unknown deal 'HALLE'"),
        ({"payment_terms": "30_dayz"}, "unknown payment terms '30_dayz'; did you mean '30_days'?"),
        ({"method": "chek"}, "unknown payment method 'chek'; did you mean 'cheque'?"),
        ({"date": "2062-03-02"}, "date: 2062-03-02 is more than 5 years ahead; check the year, it may be 2031-03-02 at most"),
        ({"date": "9999-12-31"}, "date: 9999-12-31 is not within the years 1900 to 2999; check the year"),
        ({"reference": "x" * 201}, "reference: the text has too many letters: at most 200; shorten it"),
        ({"reference": "a\0b"}, "reference: 'a\\x00b' does not have the form of a text, which may not hold the character NUL"),
        ({"reference": "\ud800"}, "reference: the text is not valid Unicode: it holds half of a surrogate pair; decode it again"),
        ({"custom": {"nope": 1}}, "quotation has no field 'custom.nope'"),
        ({"custom": "x"}, "custom: 'x' is not a mapping; write keys and values, as {key: value}"),
    ],
)
def test_what_nobody_declared_is_told_when_it_is_entered(app: Sphinx, header: dict[str, Any], told: str) -> None:
    (problem,) = problems(app, "create", "quotation", customer="ACME", **header)
    assert problem.startswith(told)


def test_a_payment_of_the_year_9999_and_one_in_pigeons_are_refused(app: Sphinx) -> None:
    assert problems(app, "pay", "ACME", "10", date="9999-12-31")[0].startswith("date: 9999-12-31 is not within the years")
    assert problems(app, "pay", "ACME", "10", date="2199-12-31")[0].startswith("date: 2199-12-31 is more than 5 years ahead")
    assert problems(app, "pay", "ACME", "10", method="pigeons")[0].startswith("unknown payment method 'pigeons'; known: transfer,")


def test_goods_are_never_worth_less_than_nothing(app: Sphinx) -> None:
    assert problems(app, "adjust_stock", "VIS-1", 1, cost="-6") == (
        "stock of VIS-1: cost: -6 is below zero; what goods are worth is never negative",
    )
    assert problems(app, "adjust_stock", "VIS-1", 1, value="-6")[0].startswith("stock of VIS-1: value: -6 is below zero")
    assert problems(app, "adjust_stock", "VIS-1", 1, date="2035-01-01")[0].startswith("stock of VIS-1: date: 2035-01-01 is more than")


def test_kits_in_a_ring_are_told_across_puts(app: Sphinx) -> None:
    def kit(code: str, part: str) -> dict[str, Any]:
        return {"code": code, "name": code, "kind": "kit", "components": {part: 1}}

    with app.session(actor=ALICE) as session:
        session.put("item", [kit("K1", "K2")])
        session.put("item", [kit("K2", "K3")])
    assert problems(app, "put", "item", [kit("K3", "K1")]) == (
        "item K3 holds itself: K3 > K1 > K2 > K3; take it out of one of them",
    )
    assert problems(app, "put", "item", [kit("K4", "K4")])[0].startswith("item K4 holds itself: K4 > K4")
    attached = {"code": "K3", "name": "K3", "attached": {"K1": 1}}
    assert problems(app, "put", "item", [attached])[0].startswith("item K3 holds itself")


@pytest.mark.parametrize("address", ["nobody", "a@b", "a b@c.de", "a@b@c.de", "@c.de", "a@", "a@c..de", "a\n@c.de", "x@intranet.local"])
def test_a_wrong_address_is_told_when_it_is_put(app: Sphinx, address: str) -> None:
    (problem,) = problems(app, "put", "customer", [{"code": "X", "name": "X", "email": address}])
    assert problem.startswith("customer X: email: ")
    person = {"code": "P", "email": address}
    (problem,) = problems(app, "put", "supplier", [{"code": "X", "name": "X", "contacts": [person]}])
    assert problem.startswith("supplier X: contact P: email: ")


@pytest.mark.parametrize("address", ["a@b.fr", "élodie@exemple.fr", "用户@例子.广告", "o'neil+x@sub.acme.example"])
def test_an_address_in_any_script_is_taken(app: Sphinx, address: str) -> None:
    with app.session(actor=ALICE) as session:
        session.put("customer", [{"code": "X", "name": "X", "email": address}])


def test_there_is_one_rate_a_day(app: Sphinx) -> None:
    with app.session(actor=ALICE) as session:
        session.put("exchange_rate", [{"currency": "USD", "date": "2026-01-05", "rate": "1.10"}])
        assert session.put("exchange_rate", [{"currency": "USD", "date": date(2026, 1, 5), "rate": "1.12"}]) == ["USD-2026-01-05"]
    own = [{"code": "MINE", "currency": "USD", "date": "2026-01-05", "rate": "1.11"}]
    assert problems(app, "put", "exchange_rate", own) == (
        "exchange_rate MINE: there is one rate a day, called 'USD-2026-01-05'; leave the code out",
    )
    moment = [{"currency": "USD", "date": datetime(2026, 1, 5, tzinfo=UTC), "rate": "1.11"}]
    assert "a datetime is not a date" in problems(app, "put", "exchange_rate", moment)[0]
    with app.reader() as views:
        assert [one.rate for one in views.rates(["USD"], date(2026, 1, 1), date(2026, 1, 31))] == [Decimal("1.12")]


@pytest.mark.parametrize("name", [None, 7, "", "x" * 101, "a\0"])
def test_an_actor_has_a_name(name: Any) -> None:
    with pytest.raises(InputError, match="actor: name: "):
        Actor(name)


def test_a_key_is_a_text_and_its_arguments_are_plain(app: Sphinx) -> None:
    for key in (7, "", "x" * 201, "\0"):
        with pytest.raises(InputError, match="key: "):
            app.do(lambda session: 1, key=key)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="with a key, arguments are plain JSON values"):
        app.do(lambda session, given: 1, object(), key="k")
