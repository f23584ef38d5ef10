"""Refused prices: which refusals answer a question about a floor or a margin, and how they are read
(G1, S48)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sphinx_lib.kernel.document import ZERO, Document
from sphinx_lib.kernel.errors import GuardFailed, Refusal, TransitionRefused
from sphinx_lib.kernel.tries import PriceTry, RefusedPrice
from sphinx_lib.pack.costs import EARNED, OF_ITEMS
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pack.workflow_model import Condition, Guard

PRICE_GUARDS = "price_guards"
_MARGINS = OF_ITEMS | EARNED


@dataclass(frozen=True)
class RefusedPrices:
    """Refused prices, newest first."""

    rows: tuple[RefusedPrice, ...]

    @property
    def by_actor(self) -> Mapping[str, int]:
        """How many each actor was refused, the most first."""
        return dict(Counter(row.actor for row in self.rows).most_common())

    @property
    def by_item(self) -> Mapping[tuple[str, str], int]:
        """How many by (actor, item), the most first: many of one item are a search for its cost."""
        return dict(Counter((row.actor, row.tried.item) for row in self.rows).most_common())


def tries_of(
    document: Document, pack: Pack, event: str, refused: GuardFailed | TransitionRefused
) -> list[PriceTry]:
    """The prices of ``document`` that a refusal of ``event`` answered about: by price guards, or by
    guards and conditions that ask for margins or costs."""
    if isinstance(refused, GuardFailed):
        found = [
            one for reason in refused.reasons for one in _of_reason(document, pack, event, reason)
        ]
        return list(dict.fromkeys(found))
    declared = pack.type_of(document.type, document.kind).leaves(document.state).get(event)
    if declared is None or not _asks_margins(document, pack, declared):
        return []
    return [PriceTry.of(document, event, 0, "", event, document.total_net)]


def _of_reason(document: Document, pack: Pack, event: str, reason: Refusal) -> Iterator[PriceTry]:
    guard = _guard_of(document, pack, reason.guard)
    if guard is None or not (guard.use == PRICE_GUARDS or _asks_margins(document, pack, guard)):
        return
    place = reason.facts.get("line", 0)
    line = next((one for one in document.lines if one.position == place), None)
    if line is None:
        yield PriceTry.of(document, event, 0, "", reason.guard, document.total_net)
        return
    name = str(reason.facts.get("guard", reason.guard))
    yield PriceTry.of(
        document, event, line.position, line.item or line.text, name, line.unit_price or ZERO
    )


def _guard_of(document: Document, pack: Pack, name: str) -> Guard | None:
    """The guard called ``name`` that the type of ``document`` asks, or that is declared."""
    if name in pack.model.guards:
        return pack.model.guards[name]
    declared = pack.type_of(document.type, document.kind)
    asked = [state.requires for state in declared.states.values()] + [
        one.guards for one in declared.events.values()
    ]
    return next((guards[name] for guards in asked if name in guards), None)


def _asks_margins(document: Document, pack: Pack, asked: Guard | Condition) -> bool:
    """Whether what is asked of ``document``, or of its lines, reads a cost or a margin."""
    key = (document.type, document.kind)
    whole = asked.require if isinstance(asked, Guard) else asked.when
    of_lines = (
        [asked.every_line] if isinstance(asked, Guard) else [asked.every_line, asked.any_line]
    )
    names = set(pack.expression(key, "document", whole).names) if whole else set()
    for text in of_lines:
        names |= pack.expression(key, "line", text).names if text else set()
    return bool(names & _MARGINS)
