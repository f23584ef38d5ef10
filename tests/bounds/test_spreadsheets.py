"""No text of a file for people is a formula of a spreadsheet; a file for a program is exact to the byte (issue 10, C11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib import Sphinx
from sphinx_lib.app.registry import specs
from sphinx_lib.export.formulas import is_formula, no_formula
from sphinx_lib.export.layout import Value, written
from sphinx_lib.export.run import export_file
from sphinx_lib.kernel.errors import ConfigError
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.models import ExportField, ExportFormat
from sphinx_lib.pack.reader import PriceFile
from sphinx_lib.pack.sheets import Column, Sheet

NOTHING: dict[str, Value] = dict.fromkeys(get_args(ExportField), "")
SIGNS = ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
TEXTS = st.text(st.sampled_from("=+-@\t\r\n'ab1 \uff1d\u00a0,;\"\u2212"), max_size=8) | st.text(
    max_size=12
)


def layout(columns: Mapping[str, Any], **settings: Any) -> ExportFormat:
    return ExportFormat.model_validate(
        {
            "kind": "delimited",
            "file": "x.csv",
            "separator": ";",
            "columns": columns,
            "eol": "\n",
            **settings,
        }
    )


def lines(form: ExportFormat, *rows: Mapping[str, Value]) -> list[list[str]]:
    text = b"".join(written(form, [{**NOTHING, **row} for row in rows])).decode(form.encoding)
    return [line.split(form.separator) for line in text.split(form.eol)[:-1]]


# -- the rule --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("before", ["", " ", "\u00a0", "  "])
def test_a_text_that_begins_like_a_formula_begins_with_an_apostrophe(
    before: str, sign: str
) -> None:
    text = f"{before}{sign}1+1"
    assert no_formula(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "ACME", "1-1", "a=b", "'quoted'", "07 00", "(2)", "é", "'", "''a"]
)
def test_another_text_stays_as_it_is(text: str) -> None:
    assert no_formula(text) == text


@given(TEXTS)
def test_what_is_written_is_no_formula_and_gives_the_text_back(text: str) -> None:
    shown = no_formula(text)
    assert not shown.lstrip().startswith(tuple(SIGNS))
    assert (shown[1:] if is_formula(shown) else shown) == text


@given(TEXTS, TEXTS)
def test_two_texts_never_become_one(one: str, other: str) -> None:
    assert (no_formula(one) == no_formula(other)) == (one == other)


# -- in a file ---------------------------------------------------------------------------------------------------------------

COLUMNS: dict[str, Any] = {
    "=Name": {"field": "auxiliary_label"},
    "Side": {"field": "side", "values": {"D": "+", "C": "-"}},
    "Fixed": {"text": "@x"},
    "Amount": {"field": "currency_amount"},
    "Cents": {"field": "currency_amount", "format": "cents"},
    "Day": {"field": "date", "format": "-%d"},
    "Line": {"field": "line_number"},
}
ROW: dict[str, Value] = {
    "auxiliary_label": "=cmd|' /C calc'!A0", "side": "D", "currency_amount": Decimal("-5.00"), "date": date(2026, 3, 2),
    "line_number": -1, "number": "1",
}  # fmt: skip


def test_texts_of_a_file_for_people_are_no_formulas_and_numbers_stay_numbers() -> None:
    form = layout(COLUMNS, **{"for": "people"}, header=True)
    assert lines(form, ROW) == [
        ["'=Name", "Side", "Fixed", "Amount", "Cents", "Day", "Line"],
        ["'=cmd|' /C calc'!A0", "'+", "'@x", "-5,00", "-500", "'-02", "-1"],
    ]


def test_texts_of_a_file_for_a_program_are_exact_and_that_is_the_default() -> None:
    exact = [["=cmd|' /C calc'!A0", "+", "@x", "-5,00", "-500", "-02", "-1"]]
    assert lines(layout(COLUMNS, **{"for": "program"}), ROW) == exact
    assert lines(layout(COLUMNS), ROW) == exact
    assert load_pack(["base"], specs()).model.accounting.formats["fec"].for_ == "program"


def test_a_sign_that_becomes_a_plain_one_in_the_encoding_is_seen() -> None:
    form = layout({"A": {"field": "label"}}, **{"for": "people"}, encoding="iso-8859-15")
    assert lines(form, {"label": "\u22121+1"}, {"label": "\u200b=1"}, {"label": '"=1'}) == [
        ["'-1+1"],
        ["'=1"],
        ["''=1"],
    ]


def test_a_cut_text_keeps_its_apostrophe() -> None:
    form = layout({"A": {"field": "label", "width": 4, "truncate": True}}, **{"for": "people"})
    assert lines(form, {"label": "=12345"}) == [["'=12"]]


CELLS = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters=';"\u00ad'),
    min_size=1,
    max_size=12,
)


@given(st.lists(CELLS, min_size=1, max_size=6))
def test_what_is_written_for_a_program_is_read_back_by_our_own_reader(texts: list[str]) -> None:
    form = layout({"item": {"field": "label"}, "note": {"field": "account"}}, header=True)
    content = b"".join(
        written(form, [{**NOTHING, "label": text, "account": "x"} for text in texts])
    ).decode()
    found, wanted = _read_back(content), [_nfc(text) for text in texts]
    assert found == [
        text for text in wanted if not text.startswith("#")
    ]  # a line that starts with # is a comment


@given(st.lists(CELLS, min_size=1, max_size=6))
def test_what_is_written_for_people_is_read_back_but_for_the_apostrophe(texts: list[str]) -> None:
    form = layout(
        {"item": {"field": "label"}, "note": {"field": "account"}}, header=True, **{"for": "people"}
    )
    content = b"".join(
        written(form, [{**NOTHING, "label": text, "account": "x"} for text in texts])
    ).decode()
    plain = [text[1:] if is_formula(text) else text for text in _read_back(content)]
    assert plain == [text for text in map(_nfc, texts) if not text.startswith("#")]


def _read_back(content: str) -> list[str]:
    sheet = Sheet(PriceFile("x.csv", "x", content))
    sheet.read()
    assert sheet.problems == []
    return list(sheet.converted("item", Column(), set()))


def _nfc(text: str) -> str:
    from unicodedata import normalize

    return normalize("NFC", text)


# -- declared ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("kind: fixed, for: people", "a fixed file is read by a program; remove for: people"),
        ("kind: delimited, for: humans", "humans"),
        ("kind: delimited, for: true", "program"),
    ],
)
def test_who_reads_a_format_is_checked_when_the_configuration_is_read(
    tmp_path: Path, settings: str, told: str
) -> None:
    form = f"accounting: {{formats: {{own: {{{settings}, file: x.csv, columns: {{A: {{text: a, width: 1}}}}}}}}}}\n"
    (tmp_path / "own.yaml").write_text(form, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_pack(["base", tmp_path], specs())
    assert "own.yaml:1:" in str(refused.value)
    assert told in str(refused.value)


class Morning:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_a_customer_cannot_plant_a_formula_in_what_the_accountant_opens(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "accounting:\n  formats:\n    own: {kind: delimited, for: people, separator: ';', file: 'a.csv',"
        " columns: {Name: {field: auxiliary_label}, Label: {field: label}, Debit: {field: debit}}}\n",
        encoding="utf-8",
    )
    app = Sphinx.open(["base", tmp_path], clock=Morning())
    with app.session() as session:
        session.put("customer", [{"code": "C1", "name": "=HYPERLINK(A1)"}])
        made = session.create(
            "invoice", customer="C1", lines=[{"text": "x", "quantity": 1, "unit_price": "1"}]
        )
        session.fire(made.id, "issue")
    content = export_file(app, "own", date(2026, 1, 1), date(2026, 12, 31)).content.decode()
    assert content.startswith("'=HYPERLINK(A1);Facture FA2026-00001 =HYPERLINK(A1);1,20\r\n")
    fec = export_file(app, "fec", date(2026, 1, 1), date(2026, 12, 31)).content.decode()
    assert "\t=HYPERLINK(A1)\t" in fec
