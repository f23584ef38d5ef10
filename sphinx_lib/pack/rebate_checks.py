"""Checks of year-end rebates: their bands, and the credit notes that they are given as (D3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import unresolved
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import TypeKey, types_named
from sphinx_lib.pack.rebate_model import PERIOD, REBATE, REBATE_GROUP, Rebate
from sphinx_lib.pack.workflow_model import DocumentType


def check_rebates(model: PackModel, types: Mapping[TypeKey, DocumentType]) -> Iterator[Finding]:
    """Bands ascend, and a run that gives rebates makes a posted credit note that can say which one it gives."""
    for name, rebate in model.billing.rebates.items():
        yield from _bands(("billing", "rebates", name, "bands"), rebate)
    for name, run in model.runs.items():
        if run.rebate is not None:
            yield from _note(("runs", name, "rebate"), run.rebate, model, types)


def _bands(path: tuple[str, ...], rebate: Rebate) -> Iterator[Finding]:
    """Bounds ascend; where a lower percent of the whole follows, more turnover gives less, which is told."""
    if not rebate.bands:
        yield Finding(path, "there is no band", "write [[turnover from which it holds, percent], …]")
    for place, (before, now) in enumerate(zip(rebate.bands, rebate.bands[1:], strict=False), 1):
        where = (*path, str(place))
        if now[0] <= before[0]:
            yield Finding(where, f"the band from {now[0]} is not above {before[0]}", "write the bands in order")
        elif now[1] < before[1] and rebate.mode == "whole_amount":
            said = f"from {now[0]} on, {now[1]} % of the whole is less than the {before[1]} % before"
            yield Finding(where, said, "check the percents, or write mode: by_band", warning=True)


def _note(
    path: tuple[str, ...], name: str, model: PackModel, types: Mapping[TypeKey, DocumentType]
) -> Iterator[Finding]:
    wrong = unresolved(path, name, types)
    if wrong is not None:
        yield wrong
        return
    declared = types[types_named(name, types)[0]]
    posted = {state.posts for state in declared.states.values() if state.posts in model.accounting.postings}
    sales = [one for one in sorted(filter(None, posted)) if model.accounting.postings[one].kind == "sale"]
    if declared.sign != "-1" or not declared.lines or not sales:
        yield Finding(path, f"{name} is no credit note", 'name one with lines, sign "-1" and a posting of kind sale')
    for field in (REBATE, PERIOD):
        if field not in declared.fields:
            yield Finding(path, f"{name} has no field {field!r}", f"declare it: fields: {{{field}: {{}}}}")
    for posting in sales if model.billing.rebates else ():
        for regime, accounts in model.accounting.postings[posting].revenue.items():
            if REBATE_GROUP not in accounts:
                where = ("accounting", "postings", posting, "revenue", regime)
                said = f"no account for rebates under {regime}, so that none can be posted there"
                yield Finding(where, said, f"add {REBATE_GROUP}: ACCOUNT", warning=True)
