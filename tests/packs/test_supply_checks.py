"""What the load check says of pegs, of types that procure, of documents that effects make, and of defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.errors import ConfigError
from sphinx_lib.pack.load import load_pack


def problems(folder: Path, text: str) -> list[str]:
    (folder / "overlay.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_pack(["base", folder], specs())
    return [f"{one.path}: {one.message} | {one.hint}" for one in error.value.problems]


def test_pegs_name_progress_and_states_that_exist(tmp_path: Path) -> None:
    found = problems(tmp_path, "document_types: {purchase_order: {pegs: {feed: suplied, served_by: receved, released_in: [close]}}}")
    told = "\n".join(found)
    assert "unknown progress 'suplied' | did you mean 'supplied'?" in told
    assert "unknown progress 'receved' | did you mean 'received'?" in told
    assert "unknown state 'close' | did you mean 'closed'?" in told


def test_only_a_purchase_type_with_pegs_procures(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "document_types: {invoice: {made_from: {sales_order: {procures: missing}}}}")
    assert told.startswith("document_types.invoice.made_from.sales_order.procures: only a type of purchases with pegs procures")


def test_at_least_two_of_one_source_would_make_nothing(tmp_path: Path) -> None:
    told = problems(tmp_path, "document_types: {purchase_order: {made_from: {purchase_order: {in: draft, at_least: 2}}}}")
    assert any("so that none would be made | add many: true" in one for one in told)


def test_an_effect_makes_a_type_that_exists_and_fires_an_event_that_it_has(tmp_path: Path) -> None:
    text = "document_types: {sales_order: {events: {confirm: {effects: {make: {type: delivry_note}}}, close: {effects: {make: {type: invoice, fire: isue}}}}}}"
    told = "\n".join(problems(tmp_path, text))
    assert "unknown document type 'delivry_note' | did you mean 'delivery_note'?" in told
    assert "unknown event of invoice 'isue' | did you mean 'issue'?" in told


def test_defaults_are_header_fields_with_values_that_exist(tmp_path: Path) -> None:
    told = "\n".join(problems(tmp_path, "document_types: {sales_order: {defaults: {payment_terms: cahs, langage: fr}}}"))
    assert "unknown payment terms 'cahs' | did you mean 'cash'?" in told
    assert "unknown field 'langage' | did you mean 'language'?" in told


def test_a_reorder_run_makes_a_type_that_exists(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "runs: {replenishment: {replenish: purchase_oder}}")
    assert "unknown document type 'purchase_oder' | did you mean 'purchase_order'?" in told


def test_a_reorder_run_buys(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "runs: {replenishment: {replenish: sales_order}}")
    assert told.startswith("runs.replenishment.replenish: what falls to its reorder point is bought, and sales_order is of side sales")
    assert told.endswith("| name a type of side purchase, such as purchase_order")


def test_a_drop_shipment_is_undone_by_an_event_and_a_field_that_exist(tmp_path: Path) -> None:
    undo = "undo_pegs: {type: direct_delivery, fire: undoo, noted_in: reciept}"
    text = f"document_types: {{goods_receipt: {{kinds: {{drop_shipment: {{events: {{cancel: {{effects: {{{undo}}}}}}}}}}}}}}}"
    told = "\n".join(problems(tmp_path, text))
    assert "unknown event of direct_delivery 'undoo' | did you mean 'undo'?" in told
    assert "unknown field of direct_delivery 'reciept' | did you mean 'receipt'?" in told
