"""Price records read once for documents of several parties, so that the statements do not grow with these."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sphinx_lib.kernel.master import PriceRecord


class KnownPrices:
    """Records by item; those that name several items, or none, belong to every item."""

    def __init__(self, records: Iterable[PriceRecord]) -> None:
        self._by_item: dict[str, list[PriceRecord]] = {}
        for record in records:
            self._by_item.setdefault(record.item[0] if len(record.item) == 1 else "", []).append(record)

    def of(self, items: Collection[str]) -> list[PriceRecord]:
        """What can apply to ``items``."""
        return [record for item in ("", *sorted(items)) for record in self._by_item.get(item, ())]

    def suppliers_of(self, item: str, family: str) -> set[str]:
        """The suppliers that have a record for ``item`` or its family."""
        return {
            record.supplier
            for record in self.of([item])
            if record.supplier and (item in record.item or (not record.item and record.family == family))
        }
