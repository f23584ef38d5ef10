"""How a document stands: what it weighs on its party's outstanding, and the statuses that its lines give it."""

from __future__ import annotations

from typing import Any

from sphinx_lib.billing.credit import exposure
from sphinx_lib.kernel.document import Document
from sphinx_lib.pack.pack import Pack
from sphinx_lib.workflow.derive import status_of


def standing(document: Document, pack: Pack) -> dict[str, Any]:
    """The columns of ``document`` that follow from its state, its balance and the progress of its lines, by name."""
    weight_class, weight = exposure(document, pack)
    values: dict[str, Any] = {"exposure_class": weight_class, "exposure": weight}
    for progress in pack.followed(document.type):
        status = pack.model.progress[progress].status
        if status:
            values[status] = status_of(document, progress)
    return values
