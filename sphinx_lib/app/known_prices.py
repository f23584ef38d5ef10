"""Price records read once for documents of several suppliers, so that the statements do not grow with these."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sphinx_lib.kernel.conditions import Condition


class KnownPrices:
    """The records of the database that purchases of ``items`` may need, whoever the supplier is."""

    def __init__(self, items: Collection[str], conditions: Iterable[Condition]) -> None:
        self.items = frozenset(items)
        self._by_item: dict[str, list[Condition]] = {}
        for condition in conditions:
            self._by_item.setdefault(dict(condition.keys).get("item", ""), []).append(condition)

    def of(self, items: Collection[str]) -> list[Condition]:
        """What can apply to some of the items."""
        return [one for item in ("", *sorted(items)) for one in self._by_item.get(item, ())]
