"""What a configuration says of documents made from others, checked at load: sources, fees, progress counted beside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packs.test_checks import load, problems


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


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("document_types: {purchase_order: {kinds: {drop_shipment: {made_from: {sales_order: {group_by: [prty]}}}}}}",
         "document_types.purchase_order.kinds.drop_shipment.made_from.sales_order.group_by",
         "unknown field to group by 'prty'\n    hint: did you mean 'party'?"),
        ("document_types: {credit_note: {made_from: {invoice: {group_by: [langage]}}}}",
         "document_types.credit_note.made_from.invoice.group_by",
         "unknown field to group by 'langage'\n    hint: did you mean 'language'?"),
        ("billing: {always_by: [party, curency]}", "billing.always_by",
         "unknown field to group by 'curency'\n    hint: did you mean 'currency'?"),
        ("billing: {default: {group_by: ordr}}", "billing.default.group_by",
         "unknown field to group by 'ordr'\n    hint: did you mean 'order'?"),
    ],
)  # fmt: skip
def test_documents_are_grouped_by_fields_that_they_have(tmp_path: Path, text: str, place: str, message: str) -> None:
    assert any(place in one and message in one for one in problems(tmp_path, text))


def test_documents_are_grouped_by_fields_of_their_own_and_by_those_of_a_kind(tmp_path: Path) -> None:
    pack = load(tmp_path, """
        document_types:
          sales_order: {kinds: {site_work: {label: Site work, fields: {lot: {label: Lot, optional: true}}}}}
          invoice: {made_from: {sales_order: {group_by: [party, lot, due_date]}}}
    """)
    assert pack.type_of("invoice", "").made_from["sales_order"].group_by == ("party", "lot", "due_date")


@pytest.mark.parametrize(
    ("left", "place", "message"),
    [
        ("progress: invoicd, into: uninvoiced", "progress", "unknown progress 'invoicd'\n    hint: did you mean 'invoiced'?"),
        ("progress: invoiced, into: uninvoicd", "into",
         "unknown number field of lines 'uninvoicd'\n    hint: did you mean 'uninvoiced'?"),
        ("progress: invoiced, into: text", "into", "unknown number field of lines 'text'"),
    ],
)  # fmt: skip
def test_what_is_left_is_noted_of_a_progress_in_a_number_field(tmp_path: Path, left: str, place: str, message: str) -> None:
    (told,) = problems(
        tmp_path, f"document_types: {{customer_return: {{events: {{receive: {{effects: {{note_left: {{{left}}}}}}}}}}}}}"
    )
    assert f"document_types.customer_return.events.receive.effects.note_left.{place}" in told
    assert message in told


def test_effects_of_a_branch_are_checked_as_those_of_the_event(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, """
        document_types:
          customer_return: {events: {receive: {to: {received: {effects: {note_left: {progress: invoicd, into: uninvoiced}}}}}}}
    """)
    assert "events.receive.to.received.effects.note_left.progress: unknown progress 'invoicd'" in told


@pytest.mark.parametrize(
    ("effects", "place", "message"),
    [
        ("fire_others: {event: declin}", "fire_others.event",
         "unknown event of supplier_quotation 'declin'\n    hint: did you mean 'decline'?"),
        ("fire_others: {type: customer_retrun, event: reckon}", "fire_others.type",
         "unknown document type 'customer_retrun'\n    hint: did you mean 'customer_return'?"),
        ("fire_others: {type: customer_return, event: recon}", "fire_others.event",
         "unknown event of customer_return 'recon'\n    hint: did you mean 'reckon'?"),
        ("fire_others: {type: customer_return, event: receive}", "fire_others.event",
         "customer_return.receive is not fired by derive"),
        ("keep_prices: {step: purchase_prise}", "keep_prices.step",
         "unknown price step 'purchase_prise'\n    hint: did you mean 'purchase_price'?"),
        ("keep_prices: {step: base}", "keep_prices.step", "step 'base' looks for no price by supplier and item"),
        ("keep_prices: {step: supplier_discount}", "keep_prices.step", "or name one that has it: purchase_price"),
        ("keep_prices: {step: purchase_price, valid_to: valid_too}", "keep_prices.valid_to",
         "unknown date field of lines 'valid_too'\n    hint: did you mean 'valid_to'?"),
        ("keep_prices: {step: purchase_price, valid_to: delay_days}", "keep_prices.valid_to",
         "unknown date field of lines 'delay_days'"),
        ("make: {type: invoice}", "make.type", "invoice is not made from supplier_quotation"),
        ("make: {type: purchase_order.drop_shipment}", "make.type", "hint: add supplier_quotation to made_from of"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("branch", [False, True])
def test_an_effect_makes_fires_and_keeps_what_there_is(
    tmp_path: Path, effects: str, place: str, message: str, branch: bool
) -> None:
    written = f"to: {{chosen: {{effects: {{{effects}}}}}}}" if branch else f"effects: {{{effects}}}"
    overlay = f"""
        document_types:
          purchase_order: {{kinds: {{drop_shipment: {{made_from: {{supplier_quotation: !remove }}}}}}}}
          supplier_quotation: {{events: {{choose: {{{written}}}}}}}
    """
    (told,) = problems(tmp_path, overlay)
    assert f"supplier_quotation.events.choose.{'to.chosen.' if branch else ''}effects.{place}: " in told
    assert message in told


def test_a_kind_of_two_types_is_made_by_its_whole_name(tmp_path: Path) -> None:
    kinds = "kinds: {urgent: {label: Urgent}}"
    (told,) = problems(tmp_path, f"""
        document_types:
          delivery_note: {{{kinds}}}
          invoice: {{{kinds}}}
          sales_order: {{events: {{confirm: {{effects: {{make: {{type: urgent}}}}}}}}}}
    """)
    assert "several types have the kind 'urgent'\n    hint: write delivery_note.urgent or invoice.urgent" in told


def test_prices_are_kept_in_a_step_of_ones_own_and_others_are_fired_by_an_event_of_a_kind(tmp_path: Path) -> None:
    pack = load(tmp_path, """
        purchase_pricing:
          schema: {quoted: {kind: price, missing: zero, access: {own: {key: [item, supplier]}}}}
        document_types:
          supplier_quotation:
            kinds: {tender: {label: Tender, events: {withdraw: {from: asked, to: declined}}}}
            events: {choose: {effects: {keep_prices: {step: quoted, valid_to: valid_to}, fire_others: {event: withdraw}}}}
    """)
    effects = pack.type_of("supplier_quotation", "tender").events["choose"].effects
    assert (effects["keep_prices"]["step"], effects["fire_others"]) == ("quoted", {"event": "withdraw"})


def test_a_landed_cost_is_shared_by_what_can_be_measured(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "document_types: {goods_receipt: {fields: {landed_by: {choices: {wieght: {en: W}}}}}}")
    assert "document_types.goods_receipt.fields.landed_by.choices.wieght: unknown measure 'wieght'" in told
    assert "did you mean 'weight'?" in told


def test_the_amount_above_which_orders_are_approved_is_not_below_zero(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "company: {approve_orders_above: -5}")
    assert "company.approve_orders_above: -5 is below 0" in told


def test_every_order_may_be_approved(tmp_path: Path) -> None:
    assert load(tmp_path, "company: {approve_orders_above: 0}").model.company.approve_orders_above == 0
