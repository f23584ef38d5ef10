"""Models of what the configuration says of items: quantities that may be sold, and what comes along with them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sphinx_lib.pack.base import Strict, YesNo
from sphinx_lib.pack.workflow_model import Field_, Ids


class Attached(Strict):
    """An item that comes along with others: ``when`` is a condition on the item sold, ``quantity`` how many.

    Both are expressions of the item, the party and ``quantity``, the line's in the item's stock unit.
    """

    item: str
    quantity: str
    when: str | None = None


class Quantities(Strict):
    """Where the minimum, maximum and multiple of items hold (``in`` types of documents), and what else becomes of them.

    ``off_multiple`` is for items that do not say; with ``full_packaging`` an item is sold by its whole sales unit.
    """

    in_: Ids = Field(default={}, alias="in")
    off_multiple: Literal["refuse", "round_up"] = "refuse"
    full_packaging: YesNo = False


class Items(Strict):
    """Fields of one's own on items, the quantities that may be sold, and what comes along."""

    fields: dict[str, Field_] = {}
    quantities: Quantities = Quantities()
    attached: dict[str, Attached] = {}
