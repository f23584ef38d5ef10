"""For test suites: records in a few words, a Sphinx in memory, the price of a line, and the laws X1 to X14 as checks.

``sphinx_lib.testing.strategies`` holds hypothesis strategies, ``sphinx_lib.testing.plugin`` the pytest fixture.

Names are resolved when first used: pytest loads the plugin, and with it this package, at every start.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx_lib.testing.builders import (
        Given,
        a_customer,
        a_deal,
        a_family,
        a_price,
        a_supplier,
        a_warehouse,
        an_exchange_rate,
        an_item,
    )
    from sphinx_lib.testing.discount_laws import check_discounts_are_exact, check_guards_hold
    from sphinx_lib.testing.document_laws import (
        check_credit_brings_back,
        check_document_adds_up,
        check_line_total,
        check_units_agree,
    )
    from sphinx_lib.testing.figure_laws import (
        check_round_trip,
        check_scales_descend,
        check_splits_keep_the_total,
        check_traces_add_up,
    )
    from sphinx_lib.testing.memory import FixedClock, Price, given, in_memory, price
    from sphinx_lib.testing.price_list import Checked, check_price_list
    from sphinx_lib.testing.record_laws import (
        check_dates_decide,
        check_more_prices_never_cost_more,
        check_order_does_not_matter,
        check_same_again,
        check_unused_records_change_nothing,
    )
    from sphinx_lib.testing.setting import Setting, a_setting, setting_of

_WHERE = {
    "Checked": "price_list",
    "FixedClock": "memory",
    "Given": "builders",
    "Price": "memory",
    "Setting": "setting",
    "a_customer": "builders",
    "a_deal": "builders",
    "a_family": "builders",
    "a_price": "builders",
    "a_setting": "setting",
    "a_supplier": "builders",
    "a_warehouse": "builders",
    "an_exchange_rate": "builders",
    "an_item": "builders",
    "check_credit_brings_back": "document_laws",
    "check_dates_decide": "record_laws",
    "check_discounts_are_exact": "discount_laws",
    "check_document_adds_up": "document_laws",
    "check_guards_hold": "discount_laws",
    "check_line_total": "document_laws",
    "check_more_prices_never_cost_more": "record_laws",
    "check_order_does_not_matter": "record_laws",
    "check_price_list": "price_list",
    "check_round_trip": "figure_laws",
    "check_same_again": "record_laws",
    "check_scales_descend": "figure_laws",
    "check_splits_keep_the_total": "figure_laws",
    "check_traces_add_up": "figure_laws",
    "check_units_agree": "document_laws",
    "check_unused_records_change_nothing": "record_laws",
    "given": "memory",
    "in_memory": "memory",
    "price": "memory",
    "setting_of": "setting",
}

__all__ = [
    "Checked",
    "FixedClock",
    "Given",
    "Price",
    "Setting",
    "a_customer",
    "a_deal",
    "a_family",
    "a_price",
    "a_setting",
    "a_supplier",
    "a_warehouse",
    "an_exchange_rate",
    "an_item",
    "check_credit_brings_back",
    "check_dates_decide",
    "check_discounts_are_exact",
    "check_document_adds_up",
    "check_guards_hold",
    "check_line_total",
    "check_more_prices_never_cost_more",
    "check_order_does_not_matter",
    "check_price_list",
    "check_round_trip",
    "check_same_again",
    "check_scales_descend",
    "check_splits_keep_the_total",
    "check_traces_add_up",
    "check_units_agree",
    "check_unused_records_change_nothing",
    "given",
    "in_memory",
    "price",
    "setting_of",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
