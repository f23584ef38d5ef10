"""The writer of delimited and fixed-width files, from formats as YAML declares them (AC4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, get_args

import pytest

from sphinx_lib.app.registry import specs
from sphinx_lib.export.layout import Value, written
from sphinx_lib.kernel.errors import ConfigError, ExportError
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.models import ExportField, ExportFormat
from sphinx_lib.pack.reader import read_text

NOTHING: dict[str, Value] = dict.fromkeys(get_args(ExportField), "")
SALE: dict[str, Value] = {
    **NOTHING, "number": "VE2026-000001", "journal": "VE", "date": date(2026, 3, 2), "account": "411000",
    "label": "Facture", "debit": Decimal("99.00"), "credit": Decimal(0), "amount": Decimal("99.00"), "side": "D",
    "due_date": None, "currency_amount": None,
}  # fmt: skip


def layout(columns: Mapping[str, Any], **settings: Any) -> ExportFormat:
    return ExportFormat.model_validate(
        {"kind": "delimited", "file": "x.txt", "columns": columns, "eol": "\n", **settings}
    )


def file(form: ExportFormat, *rows: Mapping[str, Value]) -> bytes:
    return b"".join(written(form, rows or [SALE]))


def cell(value: Value, column: Mapping[str, Any] | None = None, **settings: Any) -> str:
    """What a column named Label makes of ``value``, the line end taken off."""
    form = layout({"Label": {"field": "label", **(column or {})}}, **settings)
    return file(form, {**SALE, form.columns["Label"].field or "": value}).decode(form.encoding).removesuffix(form.eol)


# -- delimited -----------------------------------------------------------------------------------


def test_columns_are_joined_by_the_separator_and_lines_ended_as_declared() -> None:
    columns = {"Journal": {"field": "journal"}, "Date": {"field": "date"}, "Debit": {"field": "debit"}}
    form = layout(columns, header=True, separator="|", eol="\r\n", date="%d/%m/%Y")
    assert file(form, SALE, SALE) == b"Journal|Date|Debit\r\nVE|02/03/2026|99,00\r\nVE|02/03/2026|99,00\r\n"


def test_a_column_may_have_a_heading_of_its_own() -> None:
    form = layout({"debit": {"field": "debit", "name": "Débit"}}, header=True, encoding="cp1252", decimal=".")
    assert file(form) == b"D\xe9bit\n99.00\n"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a\tb", "a b"),
        ("a\r\nb", "a b"),
        ("a;b", "a b"),
        ('3/4" inox', "3/4' inox"),
        ("a\x0b\x85\u2028b", "a b"),
        ("a\u200bb", "ab"),
    ],
)
def test_what_would_break_a_line_is_replaced(text: str, safe: str) -> None:
    assert cell(text, separator=";") == safe


def test_a_quote_is_kept_in_a_fixed_file() -> None:
    assert cell('3/4"', {"width": 6}, kind="fixed") == '3/4"  '


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0,00"), ("1234567.5", "1234567,50"), ("0.0500", "0,0500"), ("1E+3", "1000,00"), ("0E-2", "0,00")],
)
def test_amounts_have_two_decimals_at_least_and_no_separator_of_thousands(value: str, text: str) -> None:
    assert cell(Decimal(value), {"field": "debit"}) == text


def test_only_an_amount_in_foreign_currency_may_be_negative() -> None:
    """N8; FEC column 17 is signed."""
    assert cell(Decimal("-12.5"), {"field": "currency_amount"}) == "-12,50"
    for field in ("debit", "credit", "amount"):
        with pytest.raises(ExportError, match=r"VE2026-000001, Label: '-12.50' is below zero"):
            cell(Decimal("-12.50"), {"field": field})


def test_nothing_is_written_as_nothing() -> None:
    assert cell(None, {"field": "due_date"}) == ""
    assert cell(None, {"field": "due_date", "width": 6}, kind="fixed") == "      "


def test_a_width_in_a_delimited_file_is_the_most_and_pads_nothing() -> None:
    assert cell("ab", {"width": 4}) == "ab"
    with pytest.raises(ExportError, match="longer than 4 characters"):
        cell("abcde", {"width": 4})


def test_a_column_with_a_condition_stays_empty_without_that_field() -> None:
    columns = {"Due": {"field": "due_date", "when": "auxiliary"}, "End": {"text": "E"}}
    due = {**SALE, "due_date": date(2026, 4, 1)}
    assert file(layout(columns), due, {**due, "auxiliary": "ACME"}) == b"\tE\n20260401\tE\n"


def test_values_puts_other_words_for_a_fields_own() -> None:
    """Sage writes debit as 0 and credit as 1."""
    sense = {"field": "side", "values": {"D": "0", "C": "1"}}
    assert (cell("D", sense), cell("C", sense)) == ("0", "1")


# -- fixed width ---------------------------------------------------------------------------------

QUADRATUS = {
    "type": {"text": "M"},
    "account": {"field": "account", "width": 8},
    "journal": {"field": "journal", "width": 2},
    "folio": {"text": "000"},
    "date": {"field": "date", "format": "%d%m%y", "width": 6},
    "code": {"text": " "},
    "label": {"field": "label", "width": 20, "truncate": True},
    "side": {"field": "side", "width": 1},
    "sign": {"text": "+"},
    "amount": {"field": "amount", "format": "cents", "width": 12, "align": "right", "pad": "0"},
}


def test_a_quadratus_movement_is_laid_out_by_position() -> None:
    """The example of domain §17: 99.00 is +000000009900."""
    form = layout(QUADRATUS, kind="fixed", encoding="iso-8859-15", eol="\r\n")
    row = {**SALE, "label": "Facture FA2026-00007 Müller œuvres"}
    assert file(form, row) == b"M411000  VE000020326 Facture FA2026-00007D+000000009900\r\n"


@pytest.mark.parametrize("encoding", ["cp850", "cp1252", "iso-8859-15", "ascii"])
def test_every_line_is_as_long_in_bytes_whatever_the_text(encoding: str) -> None:
    """One byte for one character: é, € and œ must not push the columns after them."""
    form = layout(QUADRATUS, kind="fixed", encoding=encoding)
    texts = ["plain", "éèà", "50 € – cœur ’", "e\u0301te\u0301", "Ünïcödé ½ …"]
    assert {len(one) for one in written(form, [{**SALE, "label": text} for text in texts])} == {55 + 1}


@pytest.mark.parametrize(
    ("align", "pad", "text"), [("left", " ", "VE   "), ("right", " ", "   VE"), ("right", "0", "000VE")]
)
def test_a_fixed_column_is_padded(align: str, pad: str, text: str) -> None:
    column = {"field": "journal", "width": 5, "align": align, "pad": pad}
    assert file(layout({"J": column}, kind="fixed")) == text.encode() + b"\n"


def test_zeros_stand_after_the_sign() -> None:
    column = {"field": "currency_amount", "width": 8, "align": "right", "pad": "0"}
    assert cell(Decimal("-12.5"), column, kind="fixed") == "-0012,50"


def test_a_text_is_cut_only_where_the_column_says_so() -> None:
    assert cell("Facture", {"width": 4, "truncate": True}, kind="fixed") == "Fact"
    with pytest.raises(ExportError) as found:
        cell("Facture", {"width": 4}, kind="fixed")
    assert found.value.facts == {"entry": "VE2026-000001", "field": "Label", "value": "Facture"}
    assert "VE2026-000001" in str(found.value)


def test_an_account_that_does_not_fit_is_never_cut_silently() -> None:
    form = layout(QUADRATUS, kind="fixed")
    with pytest.raises(ExportError, match="entry VE2026-000001, account: '411000123'"):
        file(form, {**SALE, "account": "411000123"})


def test_an_amount_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ExportError, match="amount"):
        file(layout(QUADRATUS, kind="fixed"), {**SALE, "amount": Decimal("12345678901.00")})


def test_cents_must_be_whole() -> None:
    with pytest.raises(ExportError, match="not a number of cents"):
        file(layout(QUADRATUS, kind="fixed"), {**SALE, "amount": Decimal("1.005")})


# -- encodings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "text", "expected"),
    [
        ("utf-8", "50 € – cœur", "50 € – cœur"),
        ("iso-8859-15", "50 € – cœur’s", "50 € - cœur's"),
        ("iso-8859-1", "50 € cœur", "50 EUR coeur"),
        ("ascii", "Éléonore Łukasz ½ “x” ﬁn…", "Eleonore Lukasz 1/2 'x' fin..."),
        ("cp1252", "e\u0301", "é"),
    ],
)
def test_what_the_encoding_lacks_is_written_with_the_nearest_letters(encoding: str, text: str, expected: str) -> None:
    assert cell(text, encoding=encoding) == expected


def test_what_has_nothing_near_is_refused_by_name() -> None:
    with pytest.raises(ExportError) as found:
        cell("Café 東京", encoding="cp1252")
    assert found.value.facts == {"entry": "VE2026-000001", "field": "Label", "value": "東"}
    assert "cp1252" in str(found.value)


def test_a_byte_order_mark_is_written_once() -> None:
    form = layout({"J": {"field": "journal"}}, encoding="utf-16")
    assert file(form, SALE, SALE).decode("utf-16") == "VE\nVE\n"


# -- what the configuration refuses --------------------------------------------------------------

DECLARED = "accounting: {formats: {mine: {kind: KIND, file: FILE, columns: {A: COLUMN}}}}"


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("{field: acount}", "acount"),
        ("{}", "exactly one of field and text"),
        ("{field: account, text: M}", "exactly one of field and text"),
        ("{field: debit, format: euros}", "cents"),
        ("{field: account, format: cents}", "format is for dates and amounts"),
        ("{field: account, truncate: true}", "truncate is for a text of a given width"),
        ("{field: debit, width: 5, truncate: true}", "truncate is for a text of a given width"),
        ('{field: account, pad: ""}', "pad"),
    ],
)
def test_a_column_that_cannot_be_written_is_found_when_the_configuration_is_read(column: str, message: str) -> None:
    assert message in problems("delimited", "x.txt", column)


@pytest.mark.parametrize(
    ("kind", "name", "column", "message"),
    [
        ("fixed", "x.txt", "{field: account}", "has a width; add one to A"),
        ("delimited", "'{siret}.txt'", "{field: account}", "unknown places: siret"),
        ("delimited, encoding: latin-99", "x.txt", "{field: account}", "unknown encoding"),
        ("'delimited', separator: ','", "x.txt", "{field: account}", "separator"),
        ("fixed, header: true", "x.txt", "{text: M}", "no header"),
    ],
)
def test_a_file_that_cannot_be_written_is_found_as_well(kind: str, name: str, column: str, message: str) -> None:
    assert message in problems(kind, name, column)


def problems(kind: str, name: str, column: str) -> str:
    text = DECLARED.replace("KIND", kind).replace("FILE", name).replace("COLUMN", column)
    node, found = read_text(text, "mine.yaml")
    assert found == []
    with pytest.raises(ConfigError) as refused:
        load_pack(("base", node), specs())
    assert "mine.yaml:1:" in str(refused.value)
    return str(refused.value)
