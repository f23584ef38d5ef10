"""The steps: one function a kind, each one unit of work on the product, each giving what a name may stand for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from sphinx_lib.app.price_gaps import dear_scales
from sphinx_lib.app.session import Session
from sphinx_lib.kernel.document import ZERO, Id
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.ports import Actor
from sphinx_lib.pack.overlay import to_plain
from sphinx_lib.scenario.check import CHECK
from sphinx_lib.scenario.model import Findings, Step, entries, listed, moment
from sphinx_lib.scenario.other_values import price_values, warning_rows
from sphinx_lib.scenario.values import Lacks
from sphinx_lib.scenario.world import Result, World

Work = Callable[..., dict[str, Any]]
"""A function of a session and texts that gives JSON, so that an idempotency key can give its answer again."""


def perform(step: Step, world: World) -> Result:
    """Do a step and remember its result under its name; what the product refuses is raised as it raises it."""
    actor = world.user(step.text("as_user")) if step.option("as_user") is not None else world.actor
    result = _STEPS[step.kind](step, world, actor)
    name = step.text("as")
    if name is not None:
        world.names[name] = result
    return result


def _work(world: World, actor: Actor, step: Step, work: Work, *arguments: Any, **named: Any) -> Result:
    """One unit of work and the documents that came with it."""
    before = _all_ids(world)
    answer = world.app.do(work, *arguments, actor=actor, key=step.text("key"), **named)
    ids = tuple(answer["ids"])
    created = tuple(one for one in _all_ids(world) if one not in set(before) | set(ids))
    refusals = tuple(answer.get("refusals", ()))
    world.warnings.update(dict.fromkeys(ids, refusals) if refusals else {})
    return Result(ids, created, answer.get("told", {}), refusals=refusals)


def _all_ids(world: World) -> list[Id]:
    with world.app.reader() as views:
        return views.ids()


def _header(step: Step) -> dict[str, Any]:
    given = {key: to_plain(node) for key, node in step.fields().items()}
    return {**given, **(step.plain("with") or {})}


# -- documents -----------------------------------------------------------------------------------------------------------


def _create(step: Step, world: World, actor: Actor) -> Result:
    return _work(world, actor, step, _do_create, step.argument.value, _header(step))


def _do_create(session: Session, type: str, header: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: value for key, value in header.items() if key != "lines"}
    return {"ids": [session.create(type, lines=header.get("lines") or (), **given).id]}


def _edit(step: Step, world: World, actor: Actor) -> Result:
    return _work(world, actor, step, _do_edit, world.document(str(step.argument.value)), _header(step))


def _do_edit(session: Session, document: Id, header: Mapping[str, Any]) -> dict[str, Any]:
    return {"ids": [session.edit(document, **header).id]}


def _fire(step: Step, world: World, actor: Actor) -> Result:
    name, _, event = str(step.argument.value).rpartition(".")
    given = step.plain("with") or {}
    override = given.pop("override", None) or {}
    document = world.document(name)
    result = _work(world, actor, step, _do_fire, document, event, given, override)
    if result.created:
        head = name.partition(".")[0]
        old = world.names[head]
        world.names[head] = replace(old, created=(*old.created, *result.created))
        return Result(result.created)
    return result


def _do_fire(
    session: Session, document: Id, event: str, asked: Mapping[str, Any], override: Mapping[str, str]
) -> dict[str, Any]:
    return {"ids": [session.fire(document, event, ask=asked, override=override).id]}


_NEEDS = ("needed", "available", "missing")


def _derive(step: Step, world: World, actor: Actor) -> Result:
    sources = [world.document(str(one.value)) for one in listed(step.argument)]
    suppliers = (step.plain("with") or {}).get("suppliers")
    parties = [suppliers] if isinstance(suppliers, str) else suppliers
    result = _work(world, actor, step, _do_derive, sources, step.plain("to"), step.plain("quantities"), parties)
    stock = [row | {name: Decimal(row[name]) for name in _NEEDS} for row in result.values["stock"]]
    return replace(result, values={**result.values, "stock": stock})


def _do_derive(
    session: Session, sources: list[Id], to: str | None, quantities: Any, parties: list[str] | None
) -> dict[str, Any]:
    derived = session.derive(sources, to, quantities=quantities, parties=parties)
    stock = [
        {"item": row.item, "warehouse": row.warehouse}
        | {name: f"{getattr(row, name):f}" for name in _NEEDS}
        for row in derived.stock
    ]
    return {
        "ids": [one.id for one in derived.documents],
        "refusals": [one.message for one in derived.refusals],
        "told": {"explanation": derived.explanation, "why": list(derived.why), "stock": stock},
    }


def _delete(step: Step, world: World, actor: Actor) -> Result:
    return _work(world, actor, step, _do_delete, world.document(str(step.argument.value)))


def _do_delete(session: Session, document: Id) -> dict[str, Any]:
    session.delete(document)
    return {"ids": [document]}


def _pay(step: Step, world: World, actor: Actor) -> Result:
    given = to_plain(step.argument)
    allocate = entries(step.argument).get("allocate")
    given["allocate"] = None if allocate is None else [world.document(str(one.value)) for one in listed(allocate)]
    given |= {key: _flag(value) for key, value in given.items() if key == "early_payment"}
    result = _work(world, actor, step, _do_pay, given)
    return Result(result.ids, result.created, _settlement(world, result.ids[0]))


def _do_pay(session: Session, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"ids": [session.pay(**given).id]}


def _settlement(world: World, payment: Id) -> dict[str, Any]:
    """What a payment brought, or took, in company currency, what it cleared, and the difference of exchange (F3)."""
    books = world.app.pack.model.accounting
    named = {name for one in books.postings.values() for name in (one.exchange_gain, one.exchange_loss) if name}
    accounts = {books.accounts[name].number for name in named}
    with world.app.reader() as views:
        view = views.document(payment)
        found = [one for one in views.entries_of(payment) if one.account in accounts]
    moved = view.document.counterpart_gross
    difference = sum((one.credit - one.debit for one in found), ZERO)
    cleared = moved + difference if view.type.side == "purchase" else moved - difference
    return {"counterpart": moved, "cleared": cleared, "exchange_difference": difference}


# -- runs, prices, files -------------------------------------------------------------------------------------------------


def _run(step: Step, world: World, actor: Actor) -> Result:
    name = str(step.argument.value)
    runs = world.app.pack.model.runs
    if name == CHECK and CHECK not in runs:
        with world.app.reader() as views:
            stored = dear_scales(views.unit)
        return Result(values={"warnings": warning_rows((*world.app.pack.warnings, *stored))}, is_documents=False)
    options = {key: _flag(value) for key, value in (step.plain("with") or {}).items()}
    if runs[name].send:
        options["sender"] = _recorder(world)
    before = _all_ids(world)
    report = world.app.run(name, actor=actor, **options)
    skipped = [{"what": one.what, "reason": one.reason} for one in report.skipped]
    told = {"skipped": skipped, "proposed": [one._asdict() for one in report.proposed]}
    told["reordered"] = [one._asdict() for one in report.reordered]
    if runs[name].send:
        return Result(values={**told, "count": len(report.made)})
    created = tuple(one for one in _all_ids(world) if one not in set(before) | set(report.made))
    return Result(tuple(report.made), created, told)


def _flag(value: Any) -> Any:
    return value == "true" if value in ("true", "false") else value


def _recorder(world: World) -> Callable[[Any], str]:
    """A sender that keeps what it is given; what has no address is a letter to print (MS1)."""

    def send(row: Any) -> str:
        world.sent.append(row)
        return "letter" if row.kind == "letter" else "sent"

    return send


def _price(step: Step, world: World, actor: Actor) -> Result:
    given = to_plain(step.argument)
    item, quantity, customer = given.pop("item"), given.pop("quantity", "1"), given.pop("customer", None)
    day = _day(given.pop("date", None))
    with world.app.reader() as views:
        found = views.price(item, quantity, customer, day, **given)
    return Result(values=price_values(found), is_documents=False)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError as error:
        raise InputError([f"date: {error}"]) from None


def _export(step: Step, world: World, actor: Actor) -> Result:
    from sphinx_lib.export.run import export_file

    given = step.plain("with") or {}
    today = world.clock.now().date()
    first, last = _day(given.get("from")) or today.replace(month=1, day=1), _day(given.get("to")) or today
    name = str(step.argument.value)
    found = export_file(world.app, name, first, last)
    text = found.content.decode(world.app.pack.model.accounting.formats[name].encoding)
    told = {"lines": found.lines, "debit": found.debit, "credit": found.credit}
    return Result(values={**_text(text), **told}, is_documents=False)


def _render(step: Step, world: World, actor: Actor) -> Result:
    from sphinx_lib.render.html import render_html

    given = step.plain("with") or {}
    with world.app.reader() as views:
        view = views.document(world.document(str(step.argument.value)), given.get("language"))
        text = render_html(view)
    return Result(values={**_text(text), "lines": len(text.splitlines())}, is_documents=False)


def _text(text: str) -> dict[str, Any]:
    return {"line": text.splitlines(), "lacks": Lacks(text)}


# -- time and people -----------------------------------------------------------------------------------------------------


def _at(step: Step, world: World, actor: Actor) -> Result:
    world.clock.moment = moment(step.argument, step.path, Findings()) or world.clock.moment
    return Result()


def _as_user(step: Step, world: World, actor: Actor) -> Result:
    value = step.argument.value
    world.actor = world.user(value if isinstance(value, str) else None)
    return Result()


_STEPS: Mapping[str, Callable[[Step, World, Actor], Result]] = {
    "create": _create, "edit": _edit, "fire": _fire, "derive": _derive, "delete": _delete, "pay": _pay, "run": _run,
    "price": _price, "export": _export, "render": _render, "at": _at, "as_user": _as_user,
}  # fmt: skip
