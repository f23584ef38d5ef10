"""Models of what stands below the goods: port by rules (PF1) and how eco-contributions are shown (EP1)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from sphinx_lib.kernel.money import exact_decimal
from sphinx_lib.pack.base import Label, Strict
from sphinx_lib.pack.workflow_model import Ids

NotNegative = Annotated[Decimal, BeforeValidator(exact_decimal), Field(ge=0)]
SHARED = "shared"
_NEEDED = {"fixed": "amount", "weight": "brackets", "percent": "percent"}


class ShippingRule(Strict):
    """A rule of port: which documents it is charged on (``in`` their types, ``when`` a condition), and how much.

    Amounts are without tax, in company currency. ``brackets`` are [upper bound in kg, amount], ascending; ``beyond`` is
    the amount for each further kg begun. From ``free_from`` on, compared with the goods after all discounts, port is
    free. ``vat`` is a code, or ``shared``: over the codes of the goods (VA2). ``item`` lends its name and accounts.
    """

    in_: Ids = Field(alias="in")
    when: str | None = None
    label: Label = {}
    item: str = ""
    kind: Literal["fixed", "weight", "percent"]
    amount: NotNegative | None = None
    percent: NotNegative | None = None
    brackets: tuple[tuple[NotNegative, NotNegative], ...] = ()
    upper_bound: Literal["included", "excluded"] = "included"
    beyond: NotNegative | None = None
    free_from: NotNegative | None = None
    vat: str = SHARED

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        given = {key for key in _NEEDED.values() if key in self.model_fields_set}
        if given != {_NEEDED[self.kind]}:
            raise ValueError(f"kind {self.kind} takes {_NEEDED[self.kind]}, and none of the others")
        if self.kind != "weight" and self.model_fields_set & {"beyond", "upper_bound"}:
            raise ValueError("beyond and upper_bound are for brackets of weight; remove them")
        return self


class Shipping(Strict):
    """Port by rules, tried in order: the first whose documents and condition fit is charged (PF1)."""

    rules: dict[str, ShippingRule] = {}


Display = Literal["apart", "in_price"]


class Eco(Strict):
    """Whether an eco-contribution is a line of its own, or in the price and mentioned at the foot (EP1).

    ``display`` says so by family of items (or a wider one) or by account group, ``default`` for all others.
    """

    default: Display = "apart"
    display: dict[str, Display] = {}
