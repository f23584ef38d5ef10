"""Cross-references of a configuration: every finding with file, line, column, path, and the way out."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.errors import ConfigError
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack


def load(tmp_path: Path, text: str) -> Pack:
    """The shipped configuration with one overlay file over it."""
    layer = tmp_path / "customer"
    layer.mkdir()
    (layer / "overlay.yaml").write_text(dedent(text), encoding="utf-8")
    return load_pack(["base", layer], specs())


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return [str(problem) for problem in caught.value.problems]


def test_the_shipped_configuration_has_neither_errors_nor_warnings() -> None:
    assert load_pack(["base"], specs()).warnings == ()


def test_an_unknown_state_in_an_event_is_told_with_the_nearest(tmp_path: Path) -> None:
    assert problems(tmp_path, "document_types: {quotation: {events: {send: {from: drafft}}}}") == [
        "customer/overlay.yaml:1:52: document_types.quotation.events.send.from.drafft: unknown state 'drafft'\n"
        "    hint: did you mean 'draft'?"
    ]


def test_an_unknown_key_is_told_with_the_nearest(tmp_path: Path) -> None:
    assert problems(tmp_path, "document_types: {quotation: {stats: {}}}") == [
        "customer/overlay.yaml:1:30: document_types.quotation.stats: unknown key 'stats'\n"
        "    hint: did you mean 'states'?"
    ]


def test_all_findings_come_at_once(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        document_types:
          sales_order:
            number: {sequence: sale_order}
            states:
              confirmed: {requires: [has_line], stock: {reservd: to_deliver}}
            events:
              confirm: {effects: {send_documnt: {message: x}}}
              close: {guards: {margin: {require: margin_rat > 10, message: too low}}}
            template: order.htm
        """,
    )
    assert found == [
        "customer/overlay.yaml:3:24: document_types.sales_order.number.sequence: unknown sequence 'sale_order'\n"
        "    hint: did you mean 'sales_order'?",
        "customer/overlay.yaml:5:30: document_types.sales_order.states.confirmed.requires.has_line: "
        "unknown guard 'has_line'\n    hint: did you mean 'has_lines'?",
        "customer/overlay.yaml:5:49: document_types.sales_order.states.confirmed.stock.reservd: "
        "unknown stock level 'reservd'\n    hint: did you mean 'reserved'?",
        "customer/overlay.yaml:7:27: document_types.sales_order.events.confirm.effects.send_documnt: "
        "unknown effect 'send_documnt'\n    hint: did you mean 'send_document'?",
        "customer/overlay.yaml:8:42: document_types.sales_order.events.close.guards.margin.require: "
        "unknown name 'margin_rat'\n    hint: did you mean 'margin_rate'?",
        "customer/overlay.yaml:9:15: document_types.sales_order.template: unknown template 'order.htm'\n"
        "    hint: did you mean 'sales_order.html'?",
    ]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("FA.{YYYY}-{SEQ:05}", "holds a character that an invoice number may not have (BR-FR-01)"),
        ("FA {YYYY}-{SEQ:05}", "holds a character that an invoice number may not have (BR-FR-01)"),
        ("FACTURE-DE-LA-SOCIETE-MARTIN-{YYYY}-{SEQ:05}", "can grow past 35 characters (BR-FR-01)"),
        ("FA{YYYY}", "has no {SEQ}"),
        ("FA-{SEQ:05}", "resets yearly but has no year, so numbers would repeat"),
        ("FA{YEAR}-{SEQ:05}", "unknown place {YEAR}"),
    ],
)
def test_the_pattern_of_a_legal_number_is_checked_when_it_is_declared(
    tmp_path: Path, pattern: str, message: str
) -> None:
    """BR-FR-01: at most 35 characters of A-Z a-z 0-9 + - _ / (french-rules §3)."""
    found = problems(tmp_path, f'numbering: {{invoice: {{pattern: "{pattern}"}}}}')
    assert any(message in problem and "numbering.invoice.pattern" in problem for problem in found), found


def test_a_legal_series_may_have_no_gap(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "numbering: {invoice: {gaps: allowed}}")
    assert found.startswith("customer/overlay.yaml:1:29: numbering.invoice.gaps: invoice numbers fiscal documents")


def test_what_may_be_meant_is_a_warning(tmp_path: Path) -> None:
    pack = load(
        tmp_path,
        """\
        document_types: {quotation: {states: {lost: {label: Lost}}}}
        numbering: {spare: {pattern: "X{YYYY}-{SEQ}"}}
        """,
    )
    assert [str(warning) for warning in pack.warnings] == [
        "customer/overlay.yaml:1:39: warning: document_types.quotation.states.lost: no event leads to state 'lost'",
        "customer/overlay.yaml:2:13: warning: numbering.spare: no document type uses the sequence 'spare'",
    ]


def test_exactly_one_branch_has_no_condition(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "document_types: {sales_order: {events: {confirm: {to: {draft: {}}}}}}")
    assert "exactly one branch has no condition; confirmed, draft are without" in found


def test_a_place_in_a_message_must_be_a_fact(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, 'guards: {has_lines: {message: {en: "{numbr} has no line"}}}')
    assert found.endswith("guards.has_lines.message.en: unknown place 'numbr'\n    hint: did you mean 'number'?")


def test_an_optional_fact_is_not_compared_unguarded(tmp_path: Path) -> None:
    """workflow-shape rule 14."""
    (found,) = problems(
        tmp_path, "document_types: {sales_order: {events: {cancel: {when: promised_date > today}}}}"
    )
    assert "customer/overlay.yaml:1:56: document_types.sales_order.events.cancel.when: " in found
    assert "default(promised_date" in found


def test_accounts_and_regimes_are_cross_checked(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        accounting:
          postings:
            sale: {revenue: {domestic: {goods: gods_fr}}, journal: sale}
        taxes: {regimes: {mine: {category: exempt}}}
        """,
    )
    assert [line.split(": ", 2)[2] for line in found] == [
        "exactly the last regime has no condition\n    hint: it holds when no other does",
        "unknown account 'gods_fr'\n    hint: did you mean 'goods_fr'?",
        "unknown journal 'sale'\n    hint: did you mean 'sales'?",
    ]


@pytest.mark.parametrize("pattern", ["FA{YYYY}-{SEQ:05}", "FA{YYYY}-{SEQ:04}"])  # the second meets the first at 10000
def test_two_series_give_no_number_twice(tmp_path: Path, pattern: str) -> None:
    (found,) = problems(tmp_path, f"numbering: {{payment: {{pattern: '{pattern}'}}}}")
    assert found == (
        "customer/overlay.yaml:1:32: numbering.payment.pattern: the sequence 'invoice' gives the same numbers\n"
        "    hint: write another prefix, or let both count together: number: {sequence: invoice}"
    )


def test_types_that_count_together_share_their_numbers(tmp_path: Path) -> None:
    """Invoices and credit notes as shipped, and here quotations with the proformas that follow them."""
    pack = load(tmp_path, "document_types: {proforma: {number: {sequence: quotation}}}\nnumbering: {proforma: !remove}")
    assert pack.warnings == ()
    assert pack.types["invoice", ""].number.sequence == pack.types["credit_note", ""].number.sequence


def test_of_a_misspelt_guard_function_only_the_name_is_told(tmp_path: Path) -> None:
    """The places of the message are facts that the function gives, so nothing can be said of them."""
    assert problems(tmp_path, "guards: {credit_limit: {use: credit_limt}}") == [
        "customer/overlay.yaml:1:30: guards.credit_limit.use: unknown guard function 'credit_limt'\n"
        "    hint: did you mean 'credit_limit'?"
    ]


def test_a_guard_function_and_its_parameters_are_checked(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        guards:
          one: {use: credit_limt, message: no}
          two: {use: credit_limit, with: {limit: 3}, message: no}
          three: {message: no}
        """,
    )
    assert [line.split(": ", 1)[1] for line in found] == [
        "guards.one.use: unknown guard function 'credit_limt'\n    hint: did you mean 'credit_limit'?",
        "guards.two.with.limit: unknown key 'limit'",
        "guards.three: this guard asks nothing\n    hint: write require, every_line or use",
    ]


WORKFLOW_SHAPE = {
    "t02": """\
        numbering:
          quotation: {pattern: "DEV-{SEQ:04}", reset: never, revision: "{ROOT}-{REV:02}"}
        """,
    "t08": """\
        document_types:
          sales_order:
            states:
              to_approve: {label: {en: To approve, fr: À approuver}}
            events:
              confirm:
                to: {to_approve: {when: total_net > 5000}}
              approve:
                from: to_approve
                to:
                  to_approve: {when: approvals + 1 < (2 if total_net > 50000 else 1)}
                  confirmed: {}
                right: approve_order
                guards:
                  other_person:
                    require: not approved_by_actor
                    message: {en: you have approved it, fr: vous l'avez déjà approuvée}
              reject: {from: to_approve, to: draft, right: approve_order, ask: [reason]}
              cancel: {from: [to_approve]}
        """,
    "t15": """\
        document_types:
          delivery_note:
            made_from:
              sales_order: {split_by: [line.promised_date]}
        """,
    "t19": """\
        document_types:
          sales_order:
            states:
              waiting_drawings: {inside: confirmed, label: {en: Waiting for drawings, fr: En attente de plans}}
              in_production:    {inside: confirmed, label: {en: In production, fr: En production}}
              ready:            {inside: confirmed, label: {en: Ready, fr: Prête}}
            events:
              wait:    {from: confirmed, to: waiting_drawings}
              produce: {from: [confirmed, waiting_drawings], to: in_production}
              finish:  {from: in_production, to: ready}
          delivery_note:
            made_from:
              sales_order: {in: !replace [ready]}
        """,
}


@pytest.mark.parametrize("name", WORKFLOW_SHAPE)
def test_the_overlays_of_the_shape_load_without_a_finding(tmp_path: Path, name: str) -> None:
    """workflow-shape §3, the overlays that touch the sales side."""
    assert load(tmp_path, WORKFLOW_SHAPE[name]).warnings == ()


def test_an_overlay_event_keeps_what_it_does_not_name(tmp_path: Path) -> None:
    """Rule 2: an overlay's list adds; t08 adds a state to cancel from and a branch before the unconditional one."""
    order = load(tmp_path, WORKFLOW_SHAPE["t08"]).type_of("sales_order")
    assert list(order.events["cancel"].sources) == ["draft", "confirmed", "to_approve"]
    assert list(order.events["confirm"].targets) == ["to_approve", "confirmed"]
    assert order.number.at == "confirmed"


def test_the_same_yaml_gives_the_same_fingerprint(tmp_path: Path) -> None:
    first, again = load_pack(["base"], specs()), load_pack(["base"], specs())
    other = load(tmp_path, "company: {name: Martin}")
    assert first.fingerprint == again.fingerprint != other.fingerprint
