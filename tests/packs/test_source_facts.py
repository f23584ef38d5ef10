"""What a line may ask of the document that it was made from is known at load."""

from __future__ import annotations

from pathlib import Path

from sphinx_lib.pack.expressions import Fact
from sphinx_lib.pack.scopes import line_scope
from tests.packs.test_checks import load, problems


def test_a_field_that_no_source_has_is_refused_at_load_with_its_place_and_the_nearest(tmp_path: Path) -> None:
    text = """\
        guards:
          on_time: {every_line: source.valid_untill != none, message: late}
        document_types: {sales_order: {states: {confirmed: {requires: [on_time]}}}}
        """
    assert problems(tmp_path, text) == [
        "customer/overlay.yaml:2:25: guards.on_time.every_line: unknown name 'source.valid_untill'\n"
        "    hint: did you mean 'source.valid_until'?"
    ]


def test_only_lines_have_a_source(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, 'document_types: {sales_order: {events: {close: {when: source.type == "quotation"}}}}')
    assert "document_types.sales_order.events.close.when: unknown name 'source.type'" in told


def test_a_field_of_a_source_may_be_missing(tmp_path: Path) -> None:
    text = "document_types: {sales_order: {events: {close: {any_line: source.valid_until >= today}}}}"
    assert "source.valid_until may be empty" in problems(tmp_path, text)[0]


def test_a_field_that_two_sources_declare_differently_is_of_any_kind(tmp_path: Path) -> None:
    text = "document_types: {quotation: {fields: {ours: {type: date, optional: true}, both: {optional: true}}},"
    text += " sales_order: {fields: {ours: {type: number, optional: true}, both: {optional: true}}}}"
    pack = load(tmp_path, text)
    scope = line_scope(pack.model, pack.type_of("proforma"))
    assert scope["source.ours"] == Fact("any", optional=True)
    assert scope["source.both"] == Fact("text", optional=True)
