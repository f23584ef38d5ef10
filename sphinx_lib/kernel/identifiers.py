"""Numbers that carry check digits of their own: VAT numbers of the European Union."""

from __future__ import annotations

UNION = frozenset(
    ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MC",
     "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK")
)  # fmt: skip
"""Countries whose businesses bear a VAT number of the Union; those of Monaco bear a French one."""
_COUNTRIES = {"EL": "GR", "XI": "GB"}
_ONE_STOP_SHOP = frozenset({"EU", "IM"})


def vat_country(number: str) -> str:
    """The ISO country that issued a VAT number of the Union, ``""`` when its form or its check digits are wrong (VA4).

    Greece writes EL and Northern Ireland XI. Right check digits do not say that the number is in use: only VIES does.
    """
    if not number:
        return ""
    from stdnum.eu import vat  # 44 ms, and most sales need none

    prefix = number.strip()[:2].upper()
    if prefix in _ONE_STOP_SHOP or not vat.is_valid(number):
        return ""
    return _COUNTRIES.get(prefix, prefix)
