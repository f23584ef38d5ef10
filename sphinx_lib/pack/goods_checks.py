"""Checks of what comes along with the goods: rules of port, quantities that may be sold."""

from __future__ import annotations

from collections.abc import Iterator

from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import unknown
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.shipping_model import SHARED, ShippingRule


def check_goods(model: PackModel) -> Iterator[Finding]:
    """Rules of port name types and VAT codes that exist, their brackets ascend, and each can be reached."""
    yield from _types(model, ("items", "quantities", "in"), model.items.quantities.in_)
    always: set[str] = set()
    for name, rule in model.shipping.rules.items():
        path = ("shipping", "rules", name)
        yield from _types(model, (*path, "in"), rule.in_)
        if rule.vat not in (SHARED, *model.taxes.codes):
            yield unknown((*path, "vat"), "VAT code", rule.vat, [SHARED, *model.taxes.codes])
        yield from _brackets(path, rule)
        if rule.in_ and rule.in_.keys() <= always:
            hint = "give the rules before it a `when`, or place this one `before` them"
            yield Finding(path, f"the rule {name!r} is never reached", hint, warning=True)
        always |= set() if rule.when else rule.in_.keys()


def _types(model: PackModel, path: tuple[str, ...], names: dict[str, None]) -> Iterator[Finding]:
    for name in names:
        if name not in model.document_types:
            yield unknown((*path, name), "document type", name, model.document_types)
        elif not model.document_types[name].lines:
            yield Finding((*path, name), f"a {name} has no lines", "take it out", of_key=True)


def _brackets(path: tuple[str, ...], rule: ShippingRule) -> Iterator[Finding]:
    """Bounds ascend; an amount below the one before it is told, since more weight would then cost less."""
    for place, (before, now) in enumerate(zip(rule.brackets, rule.brackets[1:], strict=False), 1):
        where = (*path, "brackets", str(place))
        if now[0] <= before[0]:
            yield Finding(where, f"the bound of {now[0]} kg is not above {before[0]} kg", "write the brackets in order")
        elif now[1] < before[1]:
            said = f"up to {now[0]} kg costs {now[1]}, less than up to {before[0]} kg"
            yield Finding(where, said, "check the amounts", warning=True)
