"""VAT regimes, zones and codes: what they say, and what the load check says about them (VA4)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sphinx_lib.app.registry import specs
from sphinx_lib.kernel.errors import ConfigError
from sphinx_lib.kernel.master import Address, Party, Site
from sphinx_lib.pack.base import in_language
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.models import Taxes
from sphinx_lib.pack.pack import Pack
from sphinx_lib.pricing.tax import rate_of, regime_of
from tests.packs.test_checks import load, problems

DAY = date(2026, 3, 2)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(["base"], specs())


@pytest.mark.parametrize(
    ("place", "zone"),
    [
        (("FR", "", "75011"), "domestic"),
        (("FR", "", ""), "domestic"),
        (("MC", "", "98000"), "domestic"),
        (("FR", "", "20 200"), "corsica"),
        (("FR", "2A", ""), "corsica"),
        (("FR", "FR-2B", "75011"), "corsica"),
        (("FR", "Bretagne", "35000"), "domestic"),
        (("FR", "", "97110"), "antilles"),
        (("FR", "", "97133"), "world"),
        (("FR", "", "97150"), "world"),
        (("MQ", "", "97200"), "antilles"),
        (("RE", "", ""), "reunion"),
        (("FR", "", "97300"), "guyane_mayotte"),
        (("YT", "", "97600"), "guyane_mayotte"),
        (("FR", "", "98800"), "world"),
        (("DE", "", "10115"), "eu"),
        (("DE", "", "78266"), "world"),
        (("ES", "", "28013"), "eu"),
        (("ES", "", "38001"), "world"),
        (("GB", "", "BT1 5GS"), "eu"),
        (("GB", "NIR", ""), "eu"),
        (("GB", "", "B1 1AA"), "world"),
        (("US", "", "97200"), "world"),
    ],
)
def test_the_nearest_word_about_a_place_decides_its_zone(pack: Pack, place: tuple[str, str, str], zone: str) -> None:
    assert pack.model.taxes.zone_of(*place) == zone


@pytest.mark.parametrize(
    ("code", "day", "rate"),
    [
        ("standard", "1999-06-01", "20.6"), ("standard", "2013-12-31", "19.6"), ("standard", "2014-01-01", "20"),
        ("intermediate", "2011-12-31", "5.5"), ("intermediate", "2012-01-01", "7"), ("intermediate", "2013-12-31", "7"),
        ("intermediate", "2014-01-01", "10"), ("reduced", "2026-01-01", "5.5"), ("super_reduced", "2026-01-01", "2.1"),
    ],
)  # fmt: skip
def test_french_rates_by_date(pack: Pack, code: str, day: str, rate: str) -> None:
    assert rate_of(code, "domestic", pack, date.fromisoformat(day)) == Decimal(rate)


def test_a_code_stands_for_another_under_a_regime_only(pack: Pack) -> None:
    assert rate_of("standard", "overseas", pack, DAY) == Decimal("8.5")
    assert rate_of("overseas_standard", "overseas", pack, DAY) == Decimal("8.5")
    assert rate_of("intermediate", "overseas", pack, DAY) == Decimal("2.1")
    assert rate_of("reduced", "corsica", pack, DAY) == Decimal("2.1")
    assert rate_of("reduced", "domestic", pack, DAY) == Decimal("5.5")
    assert rate_of("standard", "overseas_export", pack, DAY) == 0


@pytest.mark.parametrize(
    ("percent", "regime", "codes"),
    [
        ("20", "domestic", ["standard"]), ("10", "domestic", ["intermediate"]), ("2.1", "domestic", ["super_reduced"]),
        ("2.1", "overseas", ["overseas_reduced"]), ("8.5", "overseas", ["overseas_standard"]), ("8.5", "domestic", []),
        ("2.1", "corsica", ["corsica_reduced"]), ("13", "corsica", ["corsica_petrol"]), ("4", "domestic", []),
        ("20", "", ["standard"]),
    ],
)  # fmt: skip
def test_a_percent_names_one_code_under_each_regime(pack: Pack, percent: str, regime: str, codes: list[str]) -> None:
    assert pack.model.taxes.codes_of_percent(Decimal(percent), regime, DAY) == codes


def test_the_site_decides_where_it_says_where_it_is(pack: Pack) -> None:
    party = Party(
        code="M", name="M", vat_number="FR43160517421", address=Address(postal_code="20000"),
        sites=(
            Site(code="nowhere"), Site(code="run", address=Address(postal_code="97400")), Site(code="be", country="BE"),
        ),
    )  # fmt: skip
    found = {site: regime_of(party, pack, DAY, site) for site in ("", "nowhere", "unknown", "run", "be")}
    assert found == {
        "": "corsica", "nowhere": "corsica", "unknown": "corsica", "run": "overseas_export", "be": "domestic",
    }  # fmt: skip


def test_every_regime_without_vat_cites_its_article_in_both_languages(pack: Pack) -> None:
    """CGI ann. II 242 nonies A: the text of law, and the word Autoliquidation where the buyer owes the tax."""
    for name, regime in pack.model.taxes.regimes.items():
        if regime.category == "standard":
            assert not regime.mention
            continue
        for language, article, word in (("fr", "article", "Autoliquidation"), ("en", "article", "Reverse charge")):
            text = in_language(regime.mention, language)
            assert article in text, name
            assert "CGI" in text, name
            assert text.startswith(word) == (regime.category == "reverse_charge"), name


def test_every_regime_can_be_posted_with_the_vat_of_its_codes(pack: Pack) -> None:
    sale = pack.model.accounting.postings["sale"]
    assert {"goods", "service"} <= set.intersection(*(set(sale.revenue[name]) for name in pack.model.taxes.regimes))
    assert sale.vat.keys() == pack.model.taxes.codes.keys() - {"zero"}


def test_codes_that_stand_for_others_are_checked(tmp_path: Path) -> None:
    text = """\
    taxes:
      regimes:
        one: {category: standard, when: party.blocked, codes: {standrad: zero, standard: reduce, reduced: zero, intermediate: reduced}}
        two: {before: domestic, category: exempt, when: party.blocked, codes: {standard: zero}, mention: "article {party.vat_numbr}"}
    """
    assert [one.split(": ", 1)[1] for one in problems(tmp_path, text)] == [
        "taxes.regimes.one.codes.standrad: unknown VAT code 'standrad'\n    hint: did you mean 'standard'?",
        "taxes.regimes.one.codes.standard: unknown VAT code 'reduce'\n    hint: did you mean 'reduced'?",
        "taxes.regimes.one.codes.intermediate: 'reduced' stands for 'intermediate' and is itself replaced\n"
        "    hint: write intermediate: zero",
        "taxes.regimes.two.codes: two gives no VAT, so no code stands under it\n    hint: remove codes",
        "taxes.regimes.two.mention.: unknown place {party.vat_numbr}\n    hint: known: {party.vat_number}",
    ]


def test_a_regime_that_does_not_say_why_and_has_no_accounts_is_warned_about(tmp_path: Path) -> None:
    text = """\
    taxes:
      codes: {mine: {rates: {2020-01-01: 12}}}
      regimes: {gift: {category: exempt, when: party.blocked}}
    """
    pack = load(tmp_path, text)
    assert {one.message for one in pack.warnings} == {
        "no accounts for the VAT regime 'gift'",
        "no account for the VAT code 'mine'",
        "gift gives no VAT and its documents do not say why",
    }
    assert list(pack.model.taxes.regimes)[-2:] == ["gift", "domestic"]


def test_a_place_is_in_one_zone_and_is_written_as_one(tmp_path: Path) -> None:
    found = problems(tmp_path, "taxes: {zones: {near: [BE, FR 971]}}")
    assert [one.split(": ", 1)[1] for one in found] == [
        "taxes.zones.near: BE is in the zone 'eu' already\n    hint: remove one of the two",
        "taxes.zones.near: FR 971 is in the zone 'antilles' already\n    hint: remove one of the two",
    ]
    (tmp_path / "customer" / "overlay.yaml").write_text("taxes: {zones: {near: [Belgium]}}", encoding="utf-8")
    with pytest.raises(ConfigError, match="write a country, its region as FR-2A or the start of its postal codes as FR 971, not 'Belgium'"):
        load_pack(["base", tmp_path / "customer"], specs())


def test_a_zone_is_the_world_where_nothing_is_said() -> None:
    assert Taxes(codes={}, regimes={}).zone_of("FR", "2A", "20000") == "world"
