"""Checks of what is bought for customer orders, and of documents that effects make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sphinx_lib.pack.base import Finding
from sphinx_lib.pack.checks import of_each_type, unknown
from sphinx_lib.pack.models import PackModel
from sphinx_lib.pack.pack import TypeKey, types_named
from sphinx_lib.pack.places import effect_uses
from sphinx_lib.pack.workflow_model import DocumentType

DEFAULTS = frozenset({"payment_terms", "language", "currency", "site", "contact", "reference", "deal", "method"})
MAKING = frozenset({"make", "deliver_pegs"})
"""Effects that make documents, of a type or of a kind."""
KINDS = MAKING | {"undo_pegs"}
FIRES = {**dict.fromkeys(MAKING, "fire"), "undo_pegs": "fire", "fire_made": "event"}
"""By effect that names a ``type``, the parameter that names an event of it."""


def check_supply(model: PackModel, types: Mapping[TypeKey, DocumentType]) -> Iterator[Finding]:
    """Pegs feed a progress that exists, types that procure have pegs, effects make types that exist, defaults are known,
    and a run that buys makes purchases."""
    def of_type(base: tuple[str, ...], declared: DocumentType) -> Iterator[Finding]:
        yield from _pegs(base, model, declared)
        yield from _made(base, types, declared)
        for field, value in declared.defaults.items():
            path = (*base, "defaults", field)
            if field not in DEFAULTS | declared.fields.keys():
                yield unknown(path, "field", field, DEFAULTS | declared.fields.keys())
            elif field == "payment_terms" and value not in model.billing.payment_terms:
                yield unknown(path, "payment terms", value, model.billing.payment_terms)

    yield from of_each_type(types, of_type)
    for name, run in model.runs.items():
        bought = model.document_types.get(run.replenish or "")
        if bought is not None and bought.side != "purchase":
            able = [one for one, declared in model.document_types.items() if declared.side == "purchase" and declared.pegs]
            said = f"what falls to its reorder point is bought, and {run.replenish} is of side {bought.side}"
            yield Finding(("runs", name, "replenish"), said, ", such as ".join(["name a type of side purchase", *able[:1]]))


def _pegs(base: tuple[str, ...], model: PackModel, declared: DocumentType) -> Iterator[Finding]:
    pegs = declared.pegs
    if pegs is not None:
        for key in ("feed", "served_by"):
            if getattr(pegs, key) not in model.progress:
                yield unknown((*base, "pegs", key), "progress", getattr(pegs, key), model.progress)
        for state in pegs.released_in:
            if state not in declared.states:
                yield unknown((*base, "pegs", "released_in", state), "state", state, declared.states)
    for source, made in declared.made_from.items():
        path = (*base, "made_from", source)
        if made.procures and (pegs is None or declared.side != "purchase"):
            hint = "give it side: purchase, and pegs: {feed: supplied, served_by: received}"
            yield Finding((*path, "procures"), "only a type of purchases with pegs procures", hint)
        if made.at_least > 1 and not made.many:
            hint = "add many: true"
            yield Finding((*path, "at_least"), "each document is made of one source, so that none would be made", hint)


def _made(base: tuple[str, ...], types: Mapping[TypeKey, DocumentType], declared: DocumentType) -> Iterator[Finding]:
    for below, effect, parameters in effect_uses(declared):
        if effect not in FIRES:
            continue
        path, fires = (*base, *below), FIRES[effect]
        target, event = str(parameters.get("type", "")), parameters.get(fires)
        known = [key for key in types if effect in KINDS or not key[1]]
        found = types_named(target, known)
        if target and not found:
            yield unknown((*path, "type"), "document type", target, {key[1] or key[0] for key in known})
        elif target and event is not None and not any(event in types[key].events for key in found):
            yield unknown((*path, fires), f"event of {target}", str(event), types[found[0]].events)
        noted = parameters.get("noted_in")
        if found and noted and not any(noted in types[key].fields for key in found):
            yield unknown((*path, "noted_in"), f"field of {target}", str(noted), types[found[0]].fields)
