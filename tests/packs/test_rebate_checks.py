"""Checks of year-end rebates: every finding with place and way out (D3)."""

from __future__ import annotations

from pathlib import Path

from tests.packs.test_checks import load, problems


def rebate(text: str) -> str:
    return f"billing: {{rebates: {{gold: {{label: Ristourne, {text}}}}}}}"


def test_bands_ascend(tmp_path: Path) -> None:
    assert problems(tmp_path, rebate("mode: by_band, bands: [[10000, 2], [10000, 3]]")) == [
        "customer/overlay.yaml:1:81: billing.rebates.gold.bands.1: the band from 10000 is not above 10000\n"
        "    hint: write the bands in order"
    ]


def test_a_percent_is_between_0_and_100_and_there_is_a_band(tmp_path: Path) -> None:
    found = problems(tmp_path, rebate("mode: by_band, bands: [[10000, 101], [-5, 2]]"))
    assert [one.partition(": ")[2] for one in found] == [
        "billing.rebates.gold.bands.0.1: 101 is above 100",
        "billing.rebates.gold.bands.1.0: -5 is below 0",
    ]


def test_a_rebate_has_bands(tmp_path: Path) -> None:
    assert problems(tmp_path, rebate("mode: by_band, bands: []")) == [
        "customer/overlay.yaml:1:61: billing.rebates.gold.bands: there is no band\n"
        "    hint: write [[turnover from which it holds, percent], …]"
    ]


def test_a_missing_mode_an_unknown_period_and_missing_bands_are_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, rebate("period: month"))
    assert [one.partition("billing.rebates.")[2] for one in found] == [
        "gold: the key 'mode' is missing",
        "gold: the key 'bands' is missing",
        "gold.period: 'month' is not one of 'year', 'half_year' or 'quarter'",
    ]


def test_a_condition_knows_the_facts_of_the_customer(tmp_path: Path) -> None:
    assert problems(tmp_path, rebate('mode: by_band, bands: [[0, 1]], when: party.gruop == "gold"')) == [
        "customer/overlay.yaml:1:84: billing.rebates.gold.when: unknown name 'party.gruop'\n"
        "    hint: did you mean 'party.group'?"
    ]


def test_a_lower_percent_of_the_whole_is_told_and_of_a_slice_is_not(tmp_path: Path) -> None:
    pack = load(tmp_path, rebate("mode: whole_amount, bands: [[10000, 3], [50000, 2]]"))
    assert [one.message for one in pack.warnings] == ["from 50000 on, 2 % of the whole is less than the 3 % before"]
    (tmp_path / "customer" / "overlay.yaml").unlink()
    (tmp_path / "customer").rmdir()
    assert load(tmp_path, rebate("mode: by_band, bands: [[10000, 3], [50000, 2]]")).warnings == ()


def test_a_run_gives_rebates_as_a_credit_note_that_can_say_which(tmp_path: Path) -> None:
    text = "runs: {a: {rebate: rebate_not}, b: {rebate: invoice}, c: {rebate: credit_note}}"
    assert problems(tmp_path, text) == [
        "customer/overlay.yaml:1:20: runs.a.rebate: unknown document type 'rebate_not'\n    hint: did you mean 'rebate_note'?",
        "customer/overlay.yaml:1:45: runs.b.rebate: invoice is no credit note\n"
        '    hint: name one with lines, sign "-1" and a posting of kind sale',
        "customer/overlay.yaml:1:45: runs.b.rebate: invoice has no field 'rebate'\n    hint: declare it: fields: {rebate: {}}",
        "customer/overlay.yaml:1:45: runs.b.rebate: invoice has no field 'rebate_period'\n"
        "    hint: declare it: fields: {rebate_period: {}}",
        "customer/overlay.yaml:1:67: runs.c.rebate: credit_note has no field 'rebate'\n"
        "    hint: declare it: fields: {rebate: {}}",
        "customer/overlay.yaml:1:67: runs.c.rebate: credit_note has no field 'rebate_period'\n"
        "    hint: declare it: fields: {rebate_period: {}}",
    ]


def test_a_regime_without_an_account_for_rebates_is_told_once_there_are_any(tmp_path: Path) -> None:
    text = "accounting: {postings: {sale: {revenue: {export: {rebate: !remove }}}}}\n"
    assert [one.message for one in load(tmp_path, text + rebate("mode: by_band, bands: [[0, 1]]")).warnings] == [
        "no account for rebates under export, so that none can be posted there"
    ]
    (tmp_path / "customer" / "overlay.yaml").unlink()
    (tmp_path / "customer").rmdir()
    assert load(tmp_path, text).warnings == ()


def test_the_name_of_a_kind_that_two_types_have_is_not_enough(tmp_path: Path) -> None:
    kind = "document_types: {invoice: {kinds: {rebate_note: {label: Rebate}}}}"
    (found,) = problems(tmp_path, kind)
    assert "runs.rebates.rebate: several types have the kind 'rebate_note'" in found
    assert "hint: write credit_note.rebate_note or invoice.rebate_note" in found


def test_a_kind_of_two_types_may_be_named_with_its_type(tmp_path: Path) -> None:
    kind = "document_types: {invoice: {kinds: {rebate_note: {label: Rebate}}}}"
    load(tmp_path, f"{kind}\nruns: {{rebates: {{rebate: credit_note.rebate_note}}}}")
