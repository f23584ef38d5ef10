"""What the load check says of the purchase side: schemas, regimes, postings, classes of what is owed, branches."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest

from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.errors import ConfigError, InputError
from sphinx_lib.kernel.master import Address, Party
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pricing.tax import regime_of

DAY = date(2026, 3, 2)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(["base"], specs())


def load(tmp_path: Path, text: str) -> Pack:
    layer = tmp_path / "mine"
    layer.mkdir()
    (layer / "overlay.yaml").write_text(dedent(text), encoding="utf-8")
    return load_pack(["base", layer], specs())


def problems(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    return [str(problem).split(": ", 1)[1] for problem in caught.value.problems]


def warnings(tmp_path: Path, text: str) -> list[str]:
    return [str(one).split(": ", 2)[2] for one in load(tmp_path, text).warnings]


# -- prices --------------------------------------------------------------------------------------------------------------


def test_checks_of_the_price_schema_run_over_that_of_purchases(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        purchase_pricing:
          schema:
            rebate: {kind: percent, group: yearly, access: {one: {key: [suplier]}}}
            dear: {kind: percent, access: {one: {key: [item], field: item.last_cost}}}
        """,
    )
    assert found == [
        "purchase_pricing.schema.rebate.group: unknown group 'yearly'",
        "purchase_pricing.schema.rebate.access.one.key: unknown key 'suplier'\n    hint: did you mean 'supplier'?",
        "purchase_pricing.schema.dear.access.one.field: item.last_cost is a price, and step 'dear' is of kind percent",
    ]


def test_a_schema_without_a_price_is_refused_on_either_side(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, "purchase_pricing: {schema: {purchase_price: !remove }}")
    assert found.startswith("purchase_pricing.schema: no step finds a price")


def test_new_steps_of_purchases_come_in_the_order_they_are_written_or_after_another(tmp_path: Path) -> None:
    pack = load(
        tmp_path,
        """\
        purchase_pricing:
          schema:
            freight: {kind: amount, after: purchase_price, access: {item: {key: [item]}}}
        """,
    )
    assert list(pack.model.purchase_pricing.schema_) == ["purchase_price", "freight", "supplier_discount"]


# -- VAT -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("party", "regime"),
    [
        ({}, "purchase_domestic"),
        ({"address": Address(postal_code="20000")}, "purchase_domestic"),
        ({"country": "DE", "vat_number": "DE136695976"}, "purchase_intra_eu"),
        ({"country": "DE"}, "purchase_intra_eu_private"),
        ({"country": "US"}, "purchase_import"),
        ({"address": Address(postal_code="97400")}, "purchase_import"),
        ({"regime": "reverse_charge"}, "purchase_domestic"),
        ({"purchase_regime": "purchase_reverse_charge"}, "purchase_reverse_charge"),
        ({"purchase_regime": "purchase_franchise", "country": "DE"}, "purchase_franchise"),
    ],
)
def test_the_regime_of_a_purchase_follows_where_the_supplier_is(pack: Pack, party: dict[str, object], regime: str) -> None:
    """VA4 mirrored; what a party's record says of sales to it says nothing of what it sells."""
    assert regime_of(Party.model_validate({"code": "S", "name": "S", **party}), pack, DAY, bought=True) == regime


@pytest.mark.parametrize(
    ("company", "supplier", "regime"),
    [("97400", "97410", "purchase_overseas"), ("97400", "75001", "purchase_import_overseas"),
     ("97300", "75001", "purchase_overseas_untaxed")],
)  # fmt: skip
def test_a_buyer_overseas_has_regimes_of_its_own(tmp_path: Path, company: str, supplier: str, regime: str) -> None:
    pack = load(tmp_path, f"company: {{address: {{postal_code: '{company}'}}}}")
    party = Party(code="S", name="S", address=Address(postal_code=supplier))
    assert regime_of(party, pack, DAY, bought=True) == regime


def test_every_regime_of_purchases_can_be_posted(pack: Pack) -> None:
    books, regimes = pack.model.accounting.postings["purchase"], pack.model.taxes.purchase_regimes
    assert {"goods", "service", "shipping", "supplies"} <= set.intersection(*(set(books.expense[one]) for one in regimes))
    assert books.self_assessed.keys() == {name for name, one in regimes.items() if one.self_assessed}
    assert books.vat.keys() == pack.model.taxes.codes.keys() - {"zero"}


def test_regimes_of_both_sides_are_held_apart(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        taxes:
          regimes: {mine: {category: exempt, when: party.blocked, self_assessed: true, mention: x}}
          purchase_regimes:
            export: {category: exempt, when: party.blocked}
            odd: {category: standard, self_assessed: true, when: party.blocked}
        """,
    )
    assert [one.split("\n")[0] for one in found] == [
        "taxes.regimes.mine.self_assessed: the customer assesses the VAT of a sale; self_assessed is for purchase_regimes",
        "taxes.purchase_regimes.export: a regime of sales is called 'export' too",
        "taxes.purchase_regimes.odd.self_assessed: under odd the supplier charges VAT",
    ]


def test_a_regime_without_accounts_is_told_before_anything_is_posted(tmp_path: Path) -> None:
    text = "taxes: {purchase_regimes: {waste: {category: reverse_charge, self_assessed: true, when: party.blocked}}}"
    assert [one.split("\n")[0] for one in warnings(tmp_path, text)] == [
        "accounting.postings.purchase.expense: no accounts for the VAT regime 'waste'",
        "accounting.postings.purchase.self_assessed: no accounts for the VAT that the buyer owes under 'waste'",
    ]


# -- books and balances --------------------------------------------------------------------------------------------------


def test_accounts_of_purchases_are_cross_checked(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        accounting:
          postings:
            purchase:
              payable: supliers
              expense: {domestic: {goods: goods_bought}}
              self_assessed: {purchase_import: {due: vat_du_import}}
        """,
    )
    assert found == [
        "accounting.postings.purchase.payable: unknown account 'supliers'\n    hint: did you mean 'suppliers'?",
        "accounting.postings.purchase.expense.domestic: unknown VAT regime 'domestic'\n"
        "    hint: did you mean 'purchase_domestic'?",
        "accounting.postings.purchase.self_assessed.purchase_import.due: unknown account 'vat_du_import'\n"
        "    hint: did you mean 'vat_due_import'?",
    ]


def test_a_type_posts_on_its_own_side(tmp_path: Path) -> None:
    found = problems(tmp_path, "document_types: {supplier_invoice: {states: {posted: {posts: sale}}}}")
    assert found == [
        "document_types.supplier_invoice.states.posted.posts: sale is a sale; supplier_invoice is on the other side"
    ]


@pytest.mark.parametrize("name", ["invoices", "orders"])
def test_what_we_owe_is_in_no_class_of_customers(tmp_path: Path, name: str) -> None:
    text = f"document_types: {{supplier_invoice: {{states: {{posted: {{outstanding: {{as: {name}}}}}}}}}}}"
    (found,) = problems(tmp_path, text)
    assert f"'{name}' is a class of what customers owe, and this is owed to suppliers" in found


# -- branches ------------------------------------------------------------------------------------------------------------


def test_effects_and_reasons_of_branches_are_checked(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        document_types:
          supplier_invoice:
            matches: recieved
            events:
              match:
                to:
                  matched: {effects: [send_documnt], reasons: [price_match]}
                  disputed: {reasons: [has_lines]}
        """,
    )
    assert [one.split("\n")[0] for one in found] == [
        "document_types.supplier_invoice.matches: unknown progress 'recieved'",
        "document_types.supplier_invoice.events.match.to.matched.effects.send_documnt: unknown effect 'send_documnt'",
        "document_types.supplier_invoice.events.match.to.matched.reasons.price_match: unknown guard 'price_match'",
        "document_types.supplier_invoice.events.match.to.disputed.reasons: reasons are told of lines; give the branch an "
        "every_line",
    ]


def test_a_reason_may_be_written_in_place_and_its_expression_is_checked_there(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        """\
        document_types:
          supplier_invoice:
            events:
              match: {to: {matched: {reasons: {mine: {every_line: price_gapp <= 0, message: no}}}}}
        """,
    )
    assert found == [
        "document_types.supplier_invoice.events.match.to.matched.reasons.mine.every_line: unknown name 'price_gapp'\n"
        "    hint: did you mean 'price_gap'?"
    ]


# -- files of prices -----------------------------------------------------------------------------------------------------


def test_prices_of_suppliers_stand_in_csv_files_named_after_their_step(tmp_path: Path) -> None:
    prices = tmp_path / "mine" / "prices"
    prices.mkdir(parents=True)
    (prices / "purchase_price.csv").write_text(
        "supplier,item,from,value,currency,unit,valid_from\nVISCO,A,1,8.00,,box,2026-01-01\nVISCO,A,10,7.50,,box,2026-01-01\n",
        encoding="utf-8",
    )
    (prices / "supplier_discount.csv").write_text("supplier;value\nVISCO;2,5\n", encoding="utf-8")
    (tmp_path / "mine" / "units.yaml").write_text("units: {box: {dimension: box}}", encoding="utf-8")
    found = {one.step: one for one in load_pack(["base", tmp_path / "mine"], specs()).conditions}
    assert found["purchase_price"].keys == (("item", "A"), ("supplier", "VISCO"))
    assert [str(value) for _, value in found["purchase_price"].rows] == ["8.00", "7.50"]
    assert str(found["supplier_discount"].value) == "2.5"


def test_a_price_file_with_keys_of_the_other_side_is_refused_at_its_line(tmp_path: Path) -> None:
    prices = tmp_path / "mine" / "prices"
    prices.mkdir(parents=True)
    (prices / "purchase_price.csv").write_text("customer,item,value\nACME,A,8.00\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"purchase_price.csv:2:1: .*no context can reach this record") as caught:
        load_pack(["base", tmp_path / "mine"], specs())
    assert len(caught.value.problems) == 1



def test_the_part_of_vat_that_is_deducted_is_a_number_about_the_company_alone(tmp_path: Path) -> None:
    for number, text in enumerate(("company.vat_francise", "party.name", "company.vat_franchise")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (told,) = problems(folder, f"taxes: {{deductible: '{text}'}}")
        assert told.startswith("taxes.deductible: ")


@pytest.mark.parametrize(("text", "cost"), [("100", "0"), ("60", "0.4"), ("0", "1")])
def test_the_part_of_vat_that_is_a_cost_lies_between_nothing_and_all(tmp_path: Path, text: str, cost: str) -> None:
    assert load(tmp_path, f"taxes: {{deductible: '{text}'}}").vat_in_cost(DAY) == Decimal(cost)


@pytest.mark.parametrize("text", ["120", "-5", "1 / 0"])
def test_what_is_no_percent_of_vat_is_told_at_load(tmp_path: Path, text: str) -> None:
    (told,) = problems(tmp_path, f"taxes: {{deductible: '{text}'}}")
    assert told.startswith("taxes.deductible: ")


def test_and_on_the_day_where_it_depends_on_one(tmp_path: Path) -> None:
    pack = load(tmp_path, "taxes: {deductible: 'days_between(today, today + days(120))'}")
    with pytest.raises(InputError, match="gives 120 on 2026-03-02; it is a percent, 0 to 100"):
        pack.vat_in_cost(DAY)
