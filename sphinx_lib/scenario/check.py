"""What must hold of a scenario before anything runs: its names are known to its configuration and to itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sphinx_lib.app.entering import HEADER
from sphinx_lib.app.runs import options_of
from sphinx_lib.app.stow_input import STOW_KEYS
from sphinx_lib.kernel.errors import InputError
from sphinx_lib.pack.pack import Pack, TypeKey
from sphinx_lib.pack.reader import Node
from sphinx_lib.scenario.cases import PRICE_KEYS
from sphinx_lib.scenario.given import Refs, check_given
from sphinx_lib.scenario.model import Findings, Scenario, Step, entries, items, listed, moment
from sphinx_lib.scenario.other_values import COMPARISON, CUSTOMER, DEAL, EQUIPMENT, FILE, PRICE, STOCK, WARNINGS
from sphinx_lib.scenario.shapes import VALUE, Shape, check_expected, resolve
from sphinx_lib.scenario.supply_values import DELIVERABLE
from sphinx_lib.scenario.values import document_shape, made_shape

Types = frozenset[TypeKey]
LINE_KEYS = frozenset({
    "item", "text", "quantity", "unit", "unit_price", "discounts", "vat", "warehouse", "promised_date", "reference",
    "reason", "option", "alternative", "heading", "subtotal", *STOW_KEYS,
})  # fmt: skip
LATER_TYPES = frozenset({"deposit_invoice", "progress_invoice", "final_invoice", "counter"})
LATER_RUNS = frozenset({"dunning"})
LATER_WITH = frozenset({"percent", "net", "gross", "progress", "advance", "index_month"})
PAY = frozenset({
    "customer", "supplier", "amount", "date", "method", "allocate", "currency", "rate", "reference", "early_payment",
})  # fmt: skip
LATER_PAY = frozenset({"due_date"})
FILE_WITH = {"export": frozenset({"from", "to"}), "render": frozenset({"language"})}
TABLES: Mapping[str, Shape] = {
    "stock": STOCK, "customer": CUSTOMER, "supplier": CUSTOMER, "deal": DEAL, "equipment": EQUIPMENT,
    "comparison": COMPARISON,
}  # fmt: skip
"""What may be expected of others than documents, by code; no step may name its documents so."""
CHECK = "check"
"""The name of the run that is the load check."""


@dataclass
class Known:
    """What the steps so far have named; a name stands for documents of some types, or for a shape of its own.

    ``expected`` keeps by step what its expectations may ask about.
    """

    scenario: Scenario
    pack: Pack
    refs: Refs
    findings: Findings
    made: dict[str, Types] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    expected: dict[int, Shape] = field(default_factory=dict)

    @property
    def all_types(self) -> Types:
        """Every type and kind of the configuration."""
        return frozenset(self.pack.types)

    def root(self) -> dict[str, Shape]:
        """What an ``expect`` step may ask about now."""
        anything = document_shape(self.pack, self.all_types)
        named = {name: made_shape(document_shape(self.pack, types), anything) for name, types in self.made.items()}
        return {"deliverable": DELIVERABLE, **named, **self.shapes, **{name: {"*": shape} for name, shape in TABLES.items()}}


def check_scenario(scenario: Scenario, pack: Pack) -> tuple[Known, Findings]:
    """What the scenario declares and names, and every finding about it."""
    findings = Findings()
    known = Known(scenario, pack, check_given(scenario, pack, findings), findings)
    clock = scenario.today
    for step in scenario.steps:
        if step.kind == "at":
            now = moment(step.argument, step.path, findings)
            if now is not None and now < clock:
                findings.add(step.argument.mark, step.path, f"time only goes forward; it is {clock:%Y-%m-%d} here")
            clock = max(clock, now or clock)
        else:
            _CHECKS[step.kind](step, known)
        _check_beside(step, known)
    return known, findings


def _check_beside(step: Step, known: Known) -> None:
    """The keys that every step may carry."""
    user = step.text("as_user")
    if user is not None:
        _check_code(step.option("as_user"), step, "user", known.refs.users, known)
    if step.option("expect") is not None and step.kind in ("at", "as_user", "delete"):
        known.findings.add(step.node.key_marks["expect"], step.path, f"{step.kind} gives nothing to expect")
    if step.option("with") is not None and step.kind in ("edit", "at", "as_user", "expect", "delete", "pay", "price"):
        known.findings.add(step.node.key_marks["with"], step.path, f"{step.kind} takes nothing under 'with'")
    name = step.text("as")
    if name is not None and (name in TABLES or "." in name or name.isdecimal()):
        known.findings.add(step.node.key_marks["as"], step.path, f"{name!r} cannot be a name", "use letters and digits")


def _name(step: Step, known: Known, types: Types | None, shape: Shape = VALUE) -> None:
    """Remember the step's name, and check what the step itself expects."""
    name = step.text("as")
    if types is None and name is not None:
        known.shapes[name] = shape
        known.made.pop(name, None)
    elif types is not None:
        shape = made_shape(document_shape(known.pack, types), document_shape(known.pack, known.all_types))
        if step.kind == "pay":
            shape = {**(shape or {}), "counterpart": VALUE, "cleared": VALUE, "exchange_difference": VALUE}
        if name is not None:
            known.made[name] = types
            known.shapes.pop(name, None)
    expected = step.option("expect")
    if expected is not None:
        known.expected[step.number] = shape
        check_expected(expected, shape, step.path, known.findings)


def _check_code(node: Node | None, step: Step, what: str, codes: Iterable[str], known: Known) -> None:
    if node is not None and node.value is not None and str(node.value) not in codes:
        known.findings.unknown(node.mark, step.path, what, str(node.value), codes)


def _check_keys(node: Node, step: Step, what: str, keys: Iterable[str], known: Known, later: Iterable[str] = ()) -> None:
    allowed = set(keys)
    for key in entries(node):
        if key in later:
            known.findings.later(node.key_marks[key], step.path, key)
        elif key not in allowed:
            known.findings.unknown(node.key_marks[key], step.path, what, key, allowed)


def _check_texts(node: Node, step: Step, known: Known) -> None:
    """Every key of a mapping holds one value."""
    for key, child in entries(node).items():
        if isinstance(child.value, dict | list):
            known.findings.add(child.mark, step.path, f"{key!r} takes one value")


def _resolve_type(node: Node, step: Step, known: Known) -> TypeKey | None:
    name = str(node.value)
    try:
        return known.pack.resolve_type(name)
    except InputError:
        if name in LATER_TYPES:
            known.findings.later(node.mark, step.path, name)
        else:
            names = {key[1] or key[0] for key in known.pack.types}
            known.findings.unknown(node.mark, step.path, "document type", name, names)
    return None


def types_of(node: Node, step: Step, known: Known) -> Types:
    """The types that the document named by ``node`` may have; an unknown name is noted."""
    text = node.value
    if not isinstance(text, str):
        known.findings.add(node.mark, step.path, "the name of a document is expected here")
        return frozenset()
    name, _, rest = text.partition(".")
    if name not in known.made:
        known.findings.unknown(node.mark, step.path, "document", name, known.made)
        return frozenset()
    parts = rest.split(".") if rest else []
    if parts[:1] == ["created"] and len(parts) == 2 and parts[1].isdecimal():
        return known.all_types
    if parts and not (len(parts) == 1 and parts[0].isdecimal()):
        known.findings.add(node.mark, step.path, f"{text!r} is no document", f"write {name}, {name}.1 or {name}.created.1")
    return known.made[name]


# -- one check a kind of step --------------------------------------------------------------------------------------------


def _create(step: Step, known: Known) -> None:
    key = _resolve_type(step.argument, step, known)
    types = frozenset({key}) if key else frozenset()
    if key:
        _check_header(step.fields(), step, types, known)
        if (given := step.option("with")) is not None:
            _check_header(entries(given), step, types, known, given)
    _name(step, known, types)


def _edit(step: Step, known: Known) -> None:
    types = types_of(step.argument, step, known)
    if types:
        _check_header(step.fields(), step, types, known)
    _name(step, known, types)


def _check_header(fields: Mapping[str, Node], step: Step, types: Types, known: Known, owner: Node | None = None) -> None:
    """Header fields and lines of a document of one of ``types``."""
    declared = [known.pack.types[key] for key in types]
    own = {name for one in declared for name in one.fields}
    allowed = {*HEADER, "customer", "supplier", "lines", *own} - {"amount" if all(one.lines for one in declared) else ""}
    marks = (owner or step.node).key_marks
    for name, node in fields.items():
        if name not in allowed:
            what = f"field of {' or '.join(sorted({key[1] or key[0] for key in types}))}"
            known.findings.unknown(marks[name], step.path, what, name, allowed)
        elif name not in own:
            _check_header_code(name, node, fields, step, known)
    if "lines" in fields:
        line_fields = {name for one in declared for name in one.line_fields}
        _check_lines(fields["lines"], step, line_fields, known)


def _check_header_code(name: str, node: Node, fields: Mapping[str, Node], step: Step, known: Known) -> None:
    refs = known.refs
    codes: dict[str, Iterable[str]] = {
        "customer": refs.customers,
        "supplier": refs.suppliers,
        "deal": refs.deals,
        "payment_terms": known.pack.model.billing.payment_terms,
    }
    party = fields.get("customer") or fields.get("supplier")
    places = (refs.customers | refs.suppliers).get(str(party.value)) if party else None
    if places is not None:
        codes |= {"site": places[0], "contact": places[1]}
    if name in codes:
        _check_code(node, step, name, codes[name], known)


def _check_lines(node: Node, step: Step, line_fields: set[str], known: Known) -> None:
    """Lines as a list, or by position when they are edited."""
    if isinstance(node.value, str) or (isinstance(node.value, dict) and step.kind == "create"):
        known.findings.add(node.mark, step.path, "lines are a list of mappings")
    for place, line in entries(node).items():
        if not place.isdecimal():
            known.findings.add(node.key_marks[place], step.path, f"{place!r} is no line", "lines count from 1")
        _check_line(line, step, line_fields, known)
    for line in items(node):
        if not isinstance(line.value, dict):
            known.findings.add(line.mark, step.path, "a line is a mapping, such as {item: A1, quantity: 5}")
        _check_line(line, step, line_fields, known)


def _check_line(line: Node, step: Step, line_fields: set[str], known: Known) -> None:
    _check_keys(line, step, "field of a line", LINE_KEYS | line_fields, known)
    _check_code(entries(line).get("item"), step, "item", known.refs.items | known.refs.names, known)
    _check_code(entries(line).get("warehouse"), step, "warehouse", known.refs.warehouses, known)


def _fire(step: Step, known: Known) -> None:
    text = str(step.argument.value)
    name, _, event = text.rpartition(".")
    if not name:
        known.findings.add(step.argument.mark, step.path, f"{text!r} names no event", "write it as q.send")
        return
    types = types_of(Node(name, step.argument.mark), step, known)
    declared = [known.pack.types[key] for key in types]
    events = [one.events[event] for one in declared if event in one.events]
    if declared and not events:
        what = f"event of {' or '.join(sorted({key[1] or key[0] for key in types}))}"
        names = {name for one in declared for name in one.events}
        known.findings.unknown(step.argument.mark, step.path, what, event, names)
    asked = {name for one in events for name in one.ask}
    given = step.option("with")
    if given is not None and events:
        _check_keys(given, step, f"fact of {event}", {*asked, "override"}, known)
        guards = {name for one in declared for state in one.states.values() for name in state.requires}
        guards |= {name for one in events for name in one.guards}
        if "override" in entries(given):
            _check_keys(entries(given)["override"], step, f"guard of {event}", guards, known)
    _name(step, known, known.all_types if types else types)


def _derive(step: Step, known: Known) -> None:
    sources = [types_of(one, step, known) for one in listed(step.argument)]
    types: Types = frozenset().union(*sources)
    target = step.option("to")
    found: Types = frozenset()
    if target is not None:
        key = _resolve_type(target, step, known)
        found = frozenset({key}) if key else frozenset()
        made_from = known.pack.types[key].made_from if key else {}
        if key and types and not any(one[0] in made_from for one in types):
            names = " or ".join(sorted({one[0] for one in types}))
            known.findings.add(target.mark, step.path, f"{target.value} is not made from {names}")
    else:
        routes = {route.to for key in types for route in known.pack.types[key].routes.values()}
        found = frozenset(known.pack.resolve_type(name) for name in routes)
        if types and not routes:
            known.findings.add(step.mark, step.path, "these documents have no route", "say what to derive under 'to'")
    given = step.option("with")
    if given is not None:
        key = known.pack.resolve_type(str(target.value)) if target is not None and found else None
        asks = key is not None and any(rule.parties for rule in known.pack.types[key].made_from.values())
        _check_keys(given, step, "key of derive", ("suppliers",) if asks else (), known, LATER_WITH)
        for one in listed(entries(given)["suppliers"]) if "suppliers" in entries(given) else []:
            _check_code(one, step, "supplier", known.refs.suppliers, known)
    for place in entries(step.option("quantities")):
        if not place.isdecimal():
            known.findings.add(step.node.mark, step.path, f"quantities: {place!r} is no line", "lines count from 1")
    _name(step, known, found)


def _run(step: Step, known: Known) -> None:
    name, runs = str(step.argument.value), known.pack.model.runs
    if name == CHECK and CHECK not in runs:
        _name(step, known, None, {"warnings": WARNINGS})
        return
    if name not in runs:
        if name in LATER_RUNS:
            known.findings.later(step.argument.mark, step.path, name)
        else:
            known.findings.unknown(step.argument.mark, step.path, "run", name, (*runs, CHECK))
        return
    run = runs[name]
    given = step.option("with")
    if given is not None:
        _check_keys(given, step, f"option of {name}", options_of(run) - {"sender"}, known)
        _check_texts(given, step, known)
        _check_code(entries(given).get("customer"), step, "customer", known.refs.customers, known)
        _check_code(entries(given).get("rebate"), step, "rebate", known.pack.model.billing.rebates, known)
    names = [*run.fire, *filter(None, (run.derive, run.rebate, run.replenish))]
    _name(step, known, frozenset(known.pack.resolve_type(one) for one in names))


def _pay(step: Step, known: Known) -> None:
    _check_keys(step.argument, step, "key of pay", PAY, known, LATER_PAY)
    own = entries(step.argument)
    for key in ("customer", "amount"):
        if key not in own and not ({"supplier"} if key == "customer" else LATER_PAY) & own.keys():
            known.findings.add(step.mark, step.path, f"the key {key!r} is missing")
    _check_code(own.get("customer"), step, "customer", known.refs.customers, known)
    early = own.get("early_payment")
    if early is not None and early.value not in ("true", "false"):
        known.findings.add(early.mark, step.path, "early_payment takes true or false")
    _check_code(own.get("supplier"), step, "supplier", known.refs.suppliers, known)
    for one in listed(own["allocate"]) if "allocate" in own else []:
        types_of(one, step, known)
    _name(step, known, frozenset({known.pack.resolve_type("supplier_payment" if "supplier" in own else "payment")}))


def _price(step: Step, known: Known) -> None:
    _check_keys(step.argument, step, "key of price", PRICE_KEYS, known)
    _check_texts(step.argument, step, known)
    own = entries(step.argument)
    if "item" not in own:
        known.findings.add(step.mark, step.path, "the key 'item' is missing")
    _check_code(own.get("item"), step, "item", known.refs.items | known.refs.names, known)
    _check_code(own.get("customer"), step, "customer", known.refs.customers, known)
    _check_code(own.get("supplier"), step, "supplier", known.refs.suppliers, known)
    _name(step, known, None, PRICE)


def _export(step: Step, known: Known) -> None:
    _check_code(step.argument, step, "export format", known.pack.model.accounting.formats, known)
    _file(step, known)


def _render(step: Step, known: Known) -> None:
    types_of(step.argument, step, known)
    _file(step, known)


def _file(step: Step, known: Known) -> None:
    given = step.option("with")
    if given is not None:
        _check_keys(given, step, f"option of {step.kind}", FILE_WITH[step.kind], known)
        _check_texts(given, step, known)
    _name(step, known, None, FILE)


def _delete(step: Step, known: Known) -> None:
    types_of(step.argument, step, known)


def _as_user(step: Step, known: Known) -> None:
    _check_code(step.argument, step, "user", known.refs.users, known)


def _expect(step: Step, known: Known) -> None:
    root = known.expected[step.number] = known.root()
    check_expected(step.argument, root, step.path, known.findings)
    codes: dict[str, tuple[str, Iterable[str]]] = {
        "stock": ("item", known.refs.items), "customer": ("customer", known.refs.customers),
        "supplier": ("supplier", known.refs.suppliers), "deal": ("deal", known.refs.deals),
        "comparison": ("request", known.made),
    }  # fmt: skip
    for key, child in entries(step.argument).items():
        names = (resolve(root, key) or ((), VALUE))[0]
        if not names or names[0] not in codes:
            continue
        below = {names[1]: step.argument.key_marks[key]} if len(names) > 1 else child.key_marks
        for name, mark in below.items():
            code, _, warehouse = name.partition("@")
            if code not in codes[names[0]][1]:
                known.findings.unknown(mark, step.path, codes[names[0]][0], code, codes[names[0]][1])
            if warehouse and warehouse not in known.refs.warehouses:
                known.findings.unknown(mark, step.path, "warehouse", warehouse, known.refs.warehouses)


_CHECKS: Mapping[str, Callable[[Step, Known], None]] = {
    "create": _create, "edit": _edit, "fire": _fire, "derive": _derive, "run": _run, "pay": _pay, "price": _price,
    "export": _export, "render": _render, "delete": _delete, "as_user": _as_user, "expect": _expect,
}  # fmt: skip
