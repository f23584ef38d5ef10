"""What a configuration says of documents made from others, checked at load: sources, fees, progress counted beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packs.test_checks import problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("credit_note: {made_from: {customer_return: {through: invoce}}}", "unknown type to go through 'invoce'"),
        ("credit_note: {made_from: {customer_return: {fee: {percent: reason}}}}", "unknown number field 'reason'"),
        ("invoice: {made_from: {delivery_note: {fee: {label: Frais}}}}", "a fee is kept of what is credited through other"),
        ("customer_return: {states: {received: {counts_in: {invoicd: quantity}}}}", "unknown progress 'invoicd'"),
        ("customer_return: {states: {received: {counts_in: {invoiced: total_net}}}}", "unknown name 'total_net'"),
        ("purchase_order: {made_from: {supplier_quotation: {where: unit_prise > 0}}}", "unknown name 'unit_prise'"),
        ("supplier_quotation: {events: {choose: {effects: {make: {type: purchase_oder}}}}}", "unknown document type"),
        ("rfq: {events: {send: {effects: {fire_made: {type: suplier_quotation}}}}}", "unknown document type"),
        ("rfq: {events: {send: {effects: {fire_made: {event: aks}}}}}", "unknown event of supplier_quotation 'aks'"),
    ],
)  # fmt: skip
def test_a_name_that_nothing_declares_is_told(tmp_path: Path, text: str, message: str) -> None:
    assert any(message in one for one in problems(tmp_path, f"document_types: {{{text}}}"))
