"""Every command gets values drawn from its own JSON Schema, valid, nearly valid and hostile.

Each answer is a result or an error of this library with a code, and what was refused has left every table as it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from itertools import count
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import select

from sphinx_lib import Actor, Sphinx, SphinxError
from sphinx_lib.app.commands import command_schemas
from sphinx_lib.store.tables import metadata

NAME = "fuzz"
EVERYTHING = Actor("fuzzer", {"see_margin", "exceed_credit", "negative_stock", "close_open_deal", "approve_order"})
CHECKED_EVERY = 25
"""Inputs after which the digest of all tables is compared: a write of any of them would still be there."""


class _Clock:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 8, tzinfo=UTC)


class _Object:
    """Something that a caller hands in by mistake."""

    def __repr__(self) -> str:
        raise AssertionError("nobody prints what he does not know")


class Unwritten(Exception):
    """Takes back what a command did."""


class Outcome(NamedTuple):
    """What became of an input: the code of the error (``result`` without one), its text, and what is wrong with that."""

    code: str
    message: str = ""
    failure: str | None = None


@cache
def schemas() -> dict[str, Any]:
    """The schemas of all commands, made once."""
    return command_schemas()


def names_of_commands() -> list[str]:
    """What there is to attack."""
    return [name for name in schemas() if name != "$defs"] + ["app.do"]


def _deep(levels: int) -> Any:
    found: Any = []
    for _ in range(levels):
        found = [found]
    return found


HOSTILE: tuple[Callable[[], Any], ...] = (
    lambda: None, lambda: True, lambda: False, lambda: 0, lambda: -1, lambda: 1, lambda: 10**30, lambda: 10**5000, lambda: 1.5,
    lambda: float("nan"), lambda: float("inf"), lambda: float("-inf"), lambda: Decimal("NaN"), lambda: Decimal("sNaN"),
    lambda: Decimal("Infinity"), lambda: Decimal("1e999999"), lambda: Decimal("1e-999999"), lambda: "", lambda: " ",
    lambda: "1e999999", lambda: "nan", lambda: "-0", lambda: "²", lambda: "٣", lambda: "12345678901234567890123",
    lambda: "0.0000000001", lambda: "\0", lambda: "a\0b", lambda: "\ud800", lambda: "é\udfff", lambda: "x" * 61,
    lambda: "x" * 201, lambda: "x" * 10_000, lambda: "'; drop table documents; --", lambda: "0001-01-01",
    lambda: "9999-12-31", lambda: "2026-02-30", lambda: date.min, lambda: date.max, lambda: datetime(2026, 3, 2, tzinfo=UTC),
    lambda: [], lambda: {}, lambda: (), lambda: [[]], lambda: {"a": {}}, lambda: {1: 2}, lambda: {None: 1}, lambda: {True: 1},
    lambda: {"\ud800": 1}, lambda: {"x\0": "y"}, lambda: {(): 1}, lambda: (one for one in ("a", "b")), _Object,
    lambda: b"bytes", lambda: {"set"}, lambda: range(3), lambda: object, lambda: MappingProxyType({"item": "VIS-1"}),
    lambda: _deep(20_000), lambda: ["x"] * 50, lambda: "ACME", lambda: ["ACME", "ACME"], lambda: complex(1, 2),
    lambda: "00000000-0000-0000-0000-000000000000", lambda: "0" * 32, lambda: "f" * 31, lambda: "{" + "0" * 32 + "}",
)  # fmt: skip


class Values:
    """Values by JSON Schema: mostly what it takes, with names that exist; one in ``hostility`` nodes is anything at all."""

    def __init__(self, random: Random, pools: Mapping[str, list[Any]], hostility: float) -> None:
        self.random, self.pools, self.hostility = random, pools, hostility

    def of(self, schema: Mapping[str, Any], name: str = "", *, deep: int = 0) -> Any:
        """A value for ``schema``; ``name`` is that of the field, which says whose names are meant."""
        if deep and self.random.random() < self.hostility:
            return self.random.choice(HOSTILE)()
        if "$ref" in schema:
            schema = schemas()["$defs"][schema["$ref"].rsplit("/", 1)[1]]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        for key in ("anyOf", "oneOf"):
            if key in schema:
                choices = [one for one in schema[key] if one.get("type") != "null" or self.random.random() < 0.1]
                return self.of(self.random.choice(choices or schema[key]), name, deep=deep)
        if "allOf" in schema:
            return self.of(schema["allOf"][0], name, deep=deep)
        kind = schema.get("type")
        make = {"object": self._object, "array": self._array, "string": self._string}.get(str(kind))
        if make is not None:
            return make(schema, name, deep)
        if kind == "integer":
            return self.random.choice([0, 1, 2, 3, 10, 100, -1, 10**6])
        if kind == "boolean":
            return self.random.choice([True, False])
        return None if kind == "null" else self._string({}, name, deep)

    def _object(self, schema: Mapping[str, Any], name: str, deep: int) -> dict[Any, Any]:
        required = set(schema.get("required", ()))
        few = 0.15 if len(schema.get("properties", ())) > 6 else 0.5
        found = {
            field: self.of(one, field, deep=deep + 1)
            for field, one in schema.get("properties", {}).items()
            if field in required or self.random.random() < few or field in ("item", "quantity", "lines", "name", "code")
        }
        others = schema.get("additionalProperties")
        others = others if isinstance(others, dict) else next(iter(schema.get("patternProperties", {}).values()), None)
        if isinstance(others, dict):
            for _ in range(self.random.randrange(3)):
                found[self._key(name)] = self.of(others, name, deep=deep + 1)
        elif self.random.random() < (0.2 if schema.get("additionalProperties") else 0.04):
            found[self.random.choice(self.pools["field"])] = self._string({}, "", deep)
        return found

    def _key(self, name: str) -> Any:
        if self.random.random() < self.hostility:
            return self.random.choice([0, -1, 1.5, None, True, "", "²", "x" * 300, "\0", "\ud800", (), 10**40])
        if name in ("lines", "quantities"):
            return self.random.choice([1, 2, "1", "2", 9, *self.pools["line"]])
        return self.random.choice(self.pools.get(name) or self.pools["item"])

    def _array(self, schema: Mapping[str, Any], name: str, deep: int) -> Any:
        items = schema.get("items") or (schema.get("prefixItems") or [{}])[0]
        found = [self.of(items, name, deep=deep + 1) for _ in range(self.random.choice([0, 1, 1, 1, 2, 3]))]
        return tuple(found) if self.random.random() < 0.1 else found

    def _string(self, schema: Mapping[str, Any], name: str, deep: int) -> Any:
        pattern = schema.get("pattern", "")
        if pattern.startswith("^[0-9a-f]"):
            return self.random.choice(self.pools["id"])
        if pattern.startswith("^[+-]"):
            written = self.random.choice(["1", "2", "3", "5", "10", "0.5", "-1", "0", "12.34", "99999", "0.000001", "99999999999"])
            return Decimal(written) if self.random.random() < 0.3 else written
        if pattern.startswith(("^(19|2", "^[0-9]{4}")):
            return self.random.choice(["2026-03-02", "2026-03-31", "2026-04-15", "2025-12-31", "2031-01-01", date(2026, 3, 5)])
        return self.random.choice(self.pools.get(name) or self.pools["word"])


class Attack:
    """A shop with documents in many states, and everything that can be asked of it."""

    def __init__(self, url: str, seed: int) -> None:
        numbers = count(seed % 1000 * 10**6 + 1)
        self.app = Sphinx.open(database_url=url, clock=_Clock(), ids=lambda: f"{next(numbers):032x}")
        self.app.migrate()
        self.names = names_of_commands()
        self.pools = self._shop()
        self.digest = self._digest()
        self.unchecked = 0
        self.tried: dict[str, int] = {}

    def attempt(self, random: Random) -> str | None:
        """One input to one command."""
        return self.try_command(random.choice(self.names), random).failure

    def try_command(self, name: str, random: Random) -> Outcome:
        """One input drawn from the schema of a command."""
        given = self._arguments(name, random)
        keep = random.random() < 0.02
        try:
            outcome = self._called(name, given, keep)
        except SphinxError as error:
            outcome = Outcome(error.code, error.message)
            if not error.code or not str(error.message):
                outcome = outcome._replace(failure=f"{name}: an error without a code or a text: {error!r}")
        except Unwritten:
            outcome = Outcome("result")
        except Exception as error:  # whatever it is, it is what this attack looks for
            told = f"{type(error).__name__}: {str(error)[:200]}"
            outcome = Outcome("traceback", told, f"{name}: {told!a}")
        done = f"{name} {outcome.code}"
        self.tried[done] = self.tried.get(done, 0) + 1
        return outcome if outcome.failure else self._compared(name, outcome, kept=keep and outcome.code == "result")

    def close(self) -> None:
        """The books hold in the end."""
        try:
            report = self.app.verify()
            assert self._digest() == self.digest, "a refused command wrote"
            assert report.ok, report.faults[:3]
        finally:
            self.app.engine.dispose()

    def _compared(self, name: str, outcome: Outcome, *, kept: bool) -> Outcome:
        self.unchecked += 1
        if kept or self.unchecked >= CHECKED_EVERY:
            now, self.unchecked = self._digest(), 0
            if now != self.digest and not kept:
                return outcome._replace(failure=f"{name}, or one of the {CHECKED_EVERY} before: {outcome.code}, and the tables changed")
            self.digest = now
        return outcome

    def _called(self, name: str, given: dict[str, Any], keep: bool) -> Outcome:
        owner, _, method = name.partition(".")
        method = method.partition(".")[0]
        if owner == "views":
            with self.app.reader(actor=EVERYTHING) as views:
                found = getattr(views, method)(**given)
                if isinstance(found, Iterator):
                    found = list(found)
                with suppress(AttributeError):
                    found.json()
            return Outcome("result")
        if method == "do":
            self.app.do(_answered, *given.get("args", ()), actor=EVERYTHING, key=given.get("key"))
            self.digest = self._digest()
            return Outcome("result")
        if owner == "app":
            if method == "run":
                given["dry_run"] = True
                self.app.run(**given)
                return Outcome("result")
            self.app.mark_exported(**given)
            self.digest = self._digest()
            return Outcome("result")
        refused: SphinxError | None = None
        with self.app.session(actor=EVERYTHING) as session:
            try:
                getattr(session, method)(**given)
            except SphinxError as error:
                refused = error  # the caller goes on, and commits
            else:
                session.flush()
                if not keep:
                    raise Unwritten
        if refused is not None:
            raise refused
        return Outcome("result")

    def _arguments(self, name: str, random: Random) -> dict[str, Any]:
        values = Values(random, self.pools, random.choice([0.0, 0.02, 0.05, 0.2]))
        if name == "app.do":
            return {"key": values.of({"type": "string"}, "key", deep=1), "args": [random.choice(HOSTILE)()]}
        given = values.of(schemas()[name])
        if name == "views.ids":
            given = {random.choice(self.pools["column"]): values.of({"type": "string"}, "type", deep=1) for _ in range(2)}
        if name.startswith("session.put.") and random.random() < 0.9:
            given["kind"] = name.rpartition(".")[2]
        if name in ("views.available", "views.line_stock"):
            given["document"] = random.choice(HOSTILE)()
        if given.get("customer") is not None and random.random() < 0.9:
            given.pop("supplier", None)
        return {key: value for key, value in given.items() if isinstance(key, str)}

    def _digest(self) -> str:
        found = sha256()
        with self.app.engine.connect() as connection:
            for table in metadata.sorted_tables:
                rows = connection.execute(select(table).order_by(*table.primary_key.columns))
                found.update(json.dumps([table.name, *map(list, rows)], default=str, sort_keys=True).encode())
        return found.hexdigest()

    def _shop(self) -> dict[str, list[Any]]:
        with self.app.session(actor=EVERYTHING) as s:
            s.put("customer", [
                {"code": "ACME", "name": "ACME SAS", "email": "a@acme.fr", "sites": [{"code": "LYON"}],
                 "contacts": [{"code": "DURAND", "email": "durand@acme.fr"}]},
                {"code": "SMITH", "name": "Smith Ltd", "country": "GB", "currency": "GBP", "language": "en"},
            ])  # fmt: skip
            s.put("supplier", [{"code": "VISCO", "name": "Visco"}, {"code": "ANKER", "name": "Anker"}])
            s.put("deal", [{"code": "HALLE", "name": "Halle"}])
            s.put("warehouse", [{"code": "main"}, {"code": "lyon"}])
            s.put("family", [{"code": "SCREWS"}, {"code": "M6", "parent": "SCREWS"}])
            s.put("exchange_rate", [{"currency": "GBP", "date": "2026-01-02", "rate": "0.85"}])
            s.put("item", [
                {"code": "VIS-1", "name": "Screw", "sale_price": "10", "cost": "6", "supplier": "VISCO", "barcode": "3700000000017"},
                {"code": "LOT-1", "name": "Glue", "sale_price": "20", "cost": "9", "tracking": "lot"},
                {"code": "SER-1", "name": "Drill", "sale_price": "99", "cost": "60", "tracking": "serial"},
                {"code": "KIT-1", "name": "Kit", "sale_price": "30", "kind": "kit", "components": {"VIS-1": 2}},
                {"code": "POSE", "name": "Fitting", "kind": "service", "sale_price": "50"},
            ])  # fmt: skip
            s.adjust_stock("VIS-1", 1000)
            s.adjust_stock("LOT-1", 50, lot="L1", expires="2027-01-31")
            s.adjust_stock("SER-1", 1, serial="S1")
            made = [self._chain(s, customer) for customer in ("ACME", "ACME", "SMITH")]
            made.append([s.pay("ACME", "12.00").id, s.create("purchase_order", supplier="VISCO", lines=[{"item": "VIS-1", "quantity": 9, "unit_price": "4"}]).id])
        model = self.app.pack.model
        types = list(model.document_types)
        events = sorted({event for one in model.document_types.values() for event in one.events})
        ids = [one for chain in made for one in chain]
        with self.app.reader() as views:
            lines = [line.id for one in views.documents(ids[:4]) for line in one.document.lines]
        items = ["VIS-1", "LOT-1", "SER-1", "KIT-1", "POSE", "3700000000017", "NOPE"]
        asked = ["channel", "person", "reason", "reference"]
        return {
            "id": [*ids, "0" * 32], "line": lines, "type": [*types, "x"], "to": types, "answers": types, "event": events,
            "customer": ["ACME", "SMITH", "VISCO", "NOBODY"], "supplier": ["VISCO", "ANKER", "NOBODY"], "parties": ["VISCO", "ANKER"],
            "code": ["ACME", "VIS-1", "HALLE", "NEW-1", "NEW-2", "VISCO"], "codes": items, "items": items, "item": items,
            "name": [*model.runs, "Neu"], "kind": ["item", "customer", "x"], "state": ["open", "won", "closed"],
            "warehouse": ["main", "lyon", "mars"], "currency": ["EUR", "GBP", "USD", "XXX"], "currencies": ["EUR", "GBP"],
            "language": ["fr", "en", "de"], "deal": ["HALLE", "HALE"], "site": ["LYON", "X"], "contact": ["DURAND", "X"],
            "method": ["transfer", "cash", "pigeon"], "payment_terms": [*model.billing.payment_terms, "never"],
            "lot": ["L1", "L2"], "serial": ["S1", "S2"], "bin": ["A-1"], "unit": ["unit", "kg", "box"], "vat": ["standard", "20", "x"],
            "step": ["base", "discount", "x"], "family": ["SCREWS", "M6"], "parent": ["SCREWS", "M6", "NEW-1"], "country": ["FR", "GB", "france"],
            "email": ["a@b.fr", "élodie@exemple.fr", "nobody", "a@b@c", "a b@c.de"], "level": ["physical", "reserved", "x"],
            "components": items, "attached": items, "supplier_codes": ["VISCO"], "sourcing": ["VISCO"], "units": ["box", "kg"],
            "ask": asked, "override": ["stock", "credit"], "period": ["2026", "2026-Q1", "x"], "key": ["k1", "k2"],
            "field": ["quantiy", "custom", "amount", "text", "option", "lots", "foot_discount", "by", "", "\ud800", "x" * 100],
            "column": ["type", "state", "number", "party", "id", "date", "version", "total_net", "vat", "frozen_at", "custom", "nope"],
            "word": ["ACME", "VIS-1", "x", "Mrs Durand", "phone", "été", "1", "a" * 60, "2026", "LOT-1", "true"],
        }  # fmt: skip

    def _chain(self, s: Any, customer: str) -> list[str]:
        lines = [{"item": "VIS-1", "quantity": 5}, {"text": "Extra", "quantity": 1, "unit_price": "7"}]
        quotation = s.create("quotation", customer=customer, lines=lines)
        draft = s.create("quotation", customer=customer, lines=[*lines, {"item": "KIT-1", "quantity": 1}])
        s.fire(quotation.id, "send")
        s.fire(quotation.id, "accept", ask={"channel": "phone", "person": "Mrs Durand"})
        order = s.create("sales_order", customer=customer, lines=lines)
        s.fire(order.id, "confirm")
        note = s.derive(order.id, "delivery_note", quantities={1: 3}).documents[0]
        invoice = s.create("invoice", customer=customer, lines=lines)
        s.fire(invoice.id, "issue")
        return [quotation.id, draft.id, order.id, note.id, invoice.id, s.create("invoice", customer=customer, lines=lines).id]


def _answered(session: Any, *args: Any) -> int:
    return len(args)
