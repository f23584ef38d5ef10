"""Writing an accounting file from a declared format (AC4): rows of values become text, then bytes.

Pure: which entries go into the file is decided in ``run``.
"""

from __future__ import annotations

import re
from codecs import getincrementalencoder
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NoReturn
from unicodedata import combining, normalize

from sphinx_lib.export.formulas import no_formula
from sphinx_lib.kernel.errors import ExportError
from sphinx_lib.pack.models import Column, ExportFormat

Value = str | int | Decimal | date | None
Row = Mapping[str, Value]
"""The values of one line by ``ExportField``; ``number`` names the entry in errors."""

SIGNED = frozenset({"currency_amount"})
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_NEAREST = {
    ord(char): plain
    for plain, chars in {
        "'": "’‘‚‛", '"': "“”„«»", "-": "‐‑–—−", "*": "•", "x": "×", "/": "⁄", "EUR": "€",  # noqa: RUF001
        "oe": "œ", "OE": "Œ", "ae": "æ", "AE": "Æ", "ss": "ß", "o": "ø°", "O": "Ø", "l": "ł", "L": "Ł",
        "d": "đð", "D": "ĐÐ", "th": "þ", "Th": "Þ", "i": "ı",  # noqa: RUF001
    }.items()
    for char in chars
}  # fmt: skip


def written(layout: ExportFormat, rows: Iterable[Row]) -> Iterator[bytes]:
    """The file in pieces, one for each line, the header first when the format has one.

    Raises ExportError with entry, field and value when a value cannot be written as declared.
    """
    encode = getincrementalencoder(layout.encoding)().encode  # it writes a byte order mark once, not on every line
    separator = layout.separator if layout.kind == "delimited" else ""
    if layout.header:
        names = (_shown(layout, column.name or name) for name, column in layout.columns.items())
        yield encode(separator.join(names) + layout.eol)
    for row in rows:
        cells = (_cell(layout, name, column, row) for name, column in layout.columns.items())
        yield encode(separator.join(cells) + layout.eol)


def _cell(layout: ExportFormat, name: str, column: Column, row: Row) -> str:
    if column.when is not None and not row[column.when]:
        return _fitted(layout, name, column, row, "")
    if column.field is None:
        return _fitted(layout, name, column, row, _shown(layout, column.text or ""))
    match row[column.field]:
        case None:
            text = ""
        case str() as value:
            text = _shown(layout, _clean(layout, name, row, column.values.get(value, value)))
        case Decimal() as value:
            text = _number(layout, name, column, row, value)
        case date() as value:
            text = _shown(layout, value.strftime(column.format or layout.date))
        case value:
            text = str(value)
    return _fitted(layout, name, column, row, text)


def _shown(layout: ExportFormat, text: str) -> str:
    """``text`` as a spreadsheet shows it, where people open the file in one."""
    return no_formula(text) if layout.for_ == "people" else text


def _clean(layout: ExportFormat, name: str, row: Row, text: str) -> str:
    """``text`` in the target encoding, without what would break a line or a column."""
    if not text.isascii():
        text = _INVISIBLE.sub("", normalize("NFC", text))
        if not _fits_encoding(text, layout.encoding):
            text = "".join(_nearest(layout, name, row, char) for char in text)
    text = _CONTROL.sub(" ", text)
    if layout.kind == "delimited":
        text = text.replace(layout.separator, " ").replace('"', "'")
    return text


def _fits_encoding(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _nearest(layout: ExportFormat, name: str, row: Row, char: str) -> str:
    """``char``, or what stands nearest to it in the target encoding: é is e in ASCII, € is EUR."""
    plain = "".join(part for part in normalize("NFKD", char) if not combining(part))
    for candidate in (char, char.translate(_NEAREST), plain.translate(_NEAREST)):
        if candidate and _fits_encoding(candidate, layout.encoding):
            return candidate
    return _refuse(name, row, char, f"has no place in the encoding {layout.encoding}")


def _number(layout: ExportFormat, name: str, column: Column, row: Row, value: Decimal) -> str:
    """Two decimals, or more where the currency has more; never an exponent nor a separator of thousands."""
    if value < 0 and column.field not in SIGNED:
        _refuse(name, row, f"{value:f}", "is below zero; the other side must hold it (N8)")
    exponent = value.as_tuple().exponent
    decimals = max(2, -exponent if isinstance(exponent, int) else 2)
    text = f"{value:.{decimals}f}"
    if column.format != "cents":
        return text.replace(".", layout.decimal)
    if decimals > 2:
        _refuse(name, row, text, "is not a number of cents")
    return str(int(text.replace(".", "")))


def _fitted(layout: ExportFormat, name: str, column: Column, row: Row, text: str) -> str:
    """``text`` at its width; widths count characters, after transliteration."""
    width = column.width
    if width is None:
        return text
    if len(text) > width:
        if not column.truncate:
            _refuse(name, row, text, f"is longer than {width} characters; widen the column or let it truncate")
        return text[:width]
    if layout.kind == "delimited":
        return text
    if column.align == "left":
        return text.ljust(width, column.pad)
    return text.zfill(width) if column.pad == "0" else text.rjust(width, column.pad)


def _refuse(name: str, row: Row, value: str, why: str) -> NoReturn:
    entry = row["number"]
    raise ExportError(f"entry {entry}, {name}: {value!r} {why}", entry=entry, field=name, value=value)
