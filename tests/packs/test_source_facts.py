"""What a line may ask of the document that it was made from is known at load."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("document_types: {purchase_order: {events: {reopen: {when: 'last_event == \"compleet\" and to_receive > 0'}}}}",
         "document_types.purchase_order.events.reopen.when",
         "last_event is never 'compleet'\n    hint: did you mean 'complete'?"),
        ("guards: {linked: {every_line: '\"suplier_return\" == source.type'}}", "guards.linked.every_line",
         "source.type is never 'suplier_return'\n    hint: did you mean 'supplier_return'?"),
        ("guards: {source_stands: {every_line: 'source.state != \"canceled\"'}}", "guards.source_stands.every_line",
         "source.state is never 'canceled'\n    hint: did you mean 'cancelled'?"),
        ("guards: {source_stands: {every_line: 'source.kind not in (\"\", \"drop_shipmnt\")'}}",
         "guards.source_stands.every_line", "source.kind is never 'drop_shipmnt'\n    hint: did you mean 'drop_shipment'?"),
        ("document_types: {sales_order: {events: {close: {when: 'state in (\"draft\", \"confirmd\")'}}}}",
         "document_types.sales_order.events.close.when",
         "state is never 'confirmd'\n    hint: did you mean 'confirmed'?"),
    ],
)  # fmt: skip
def test_a_text_that_no_type_state_or_event_has_is_told(tmp_path: Path, text: str, place: str, message: str) -> None:
    assert any(f": {place}: {message}" in one for one in problems(tmp_path, text))


def test_names_of_another_type_or_of_a_kind_may_be_asked_for_and_no_source_is_an_empty_text(tmp_path: Path) -> None:
    load(tmp_path, """
        guards: {linked: {every_line: 'source.type in ("", "invoice") or source.state == "waiting" or source.kind == "site_work"'}}
        document_types:
          sales_order:
            kinds:
              site_work:
                label: Site work
                states: {waiting: {label: Waiting}}
                events: {wait: {from: confirmed, to: waiting}, go_on: {from: waiting, to: confirmed}}
            events: {close: {when: 'last_event != "go_on"'}}
    """)
