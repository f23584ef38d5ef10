"""The allocations that a unit of work makes, found by their payment and by the document that they settle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sphinx_lib.kernel.document import Allocation, Id


@dataclass
class Allocated:
    """Allocations in the order in which they were made."""

    _all: list[Allocation] = field(default_factory=list)
    _of: dict[Id, list[Allocation]] = field(default_factory=dict)
    _to: dict[Id, list[Allocation]] = field(default_factory=dict)

    def append(self, made: Allocation) -> None:
        """Note one more."""
        self._all.append(made)
        self._of.setdefault(made.payment_id, []).append(made)
        self._to.setdefault(made.document_id, []).append(made)

    def of_payment(self, payment: Id) -> Iterable[Allocation]:
        """What a payment or credit note was put against."""
        return self._of.get(payment, ())

    def to_document(self, document: Id) -> Iterable[Allocation]:
        """What was put against a document."""
        return self._to.get(document, ())

    def cut(self, length: int) -> None:
        """Forget all but the first ``length``."""
        while len(self._all) > length:
            gone = self._all.pop()
            self._of[gone.payment_id].pop()
            self._to[gone.document_id].pop()

    def clear(self) -> None:
        """Forget all: they are written."""
        self.cut(0)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Allocation]:
        return iter(self._all)
