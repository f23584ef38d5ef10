"""Exact decimals, rounding, sharing and Money; the one module that imports ``moneyed``.

No function here reads the ambient decimal context: results are the same in every thread and every host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, ROUND_UP, Context, Decimal
from functools import cache, lru_cache, reduce
from math import lcm
from typing import NoReturn, Self

import moneyed

from sphinx_lib.kernel.errors import InputError
from sphinx_lib.kernel.suggest import did_you_mean

Currency = moneyed.Currency

# Wide enough that a quotient of two 20-digit numbers is never mistaken for a tie, nor a product cut.
_WIDE = Context(prec=80)
EXACT = Context(prec=999)
"""Wide enough that sums and products of prices, such as a cascade of fifty percents, are exact."""
_PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_GIVEN_DIGITS = 20
_COMPUTED_DIGITS = 28
_MOST_DECIMALS = 40


def exact_decimal(value: object) -> Decimal:
    """``value`` as a finite Decimal, from a Decimal, a whole number or a plain text such as ``-12.50`` (N1).

    Texts and whole numbers hold at most 20 digits (N3), a Decimal at most the 28 of a computed one.
    Raises ValueError, which says what is wrong and the way out; ``to_decimal`` adds where.
    """
    if isinstance(value, float):
        raise ValueError(f"{value!r} is a float; write it as a text or a Decimal")
    if isinstance(value, Decimal):
        return _bounded(value, _COMPUTED_DIGITS)
    if isinstance(value, int) and not isinstance(value, bool):
        return _bounded(Decimal(value), _GIVEN_DIGITS)
    if isinstance(value, str):
        if not _PLAIN.fullmatch(value):
            raise ValueError(f"{value[:40]!r} is not a plain decimal number; write digits and one point, as 1250.50")
        number = Decimal(value)
        if len(value) <= _GIVEN_DIGITS:  # it cannot have more digits than signs
            return number if number else number.copy_abs()
        return _bounded(number, _GIVEN_DIGITS)
    raise ValueError(f"a {type(value).__name__} is not a number; write a text, a whole number or a Decimal")


def _bounded(number: Decimal, most: int) -> Decimal:
    _, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{number} is not a finite number; write digits and one point, as 1250.50")
    if len(digits) > most or len(digits) + exponent > most or exponent < -_MOST_DECIMALS:
        raise ValueError(f"the number has more than {most} digits; shorten it")
    if exponent > 0:
        return number.quantize(Decimal(1), context=_WIDE)
    return number if number else number.copy_abs()


def to_decimal(value: object, where: str) -> Decimal:
    """``exact_decimal(value)``; raises InputError, whose text begins with ``where`` (N1)."""
    try:
        return exact_decimal(value)
    except ValueError as error:
        raise InputError([f"{where}: {error}"], where=where) from None


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    """The sum of prices with all their digits, whatever the host's decimal context says."""
    return reduce(EXACT.add, values, Decimal(0))


@cache
def _step(digits: int) -> Decimal:
    return Decimal((0, (1,), -digits))


def round_half_up(value: Decimal, digits: int) -> Decimal:
    """``value`` to ``digits`` decimals, ties away from zero, so that a credit note mirrors its invoice (N2)."""
    rounded = value.quantize(_step(digits), ROUND_HALF_UP, _WIDE)
    return rounded if rounded else rounded.copy_abs()


def plain_number(number: Decimal) -> str:
    """``number`` as digits, without an exponent or idle zeros, for messages."""
    return f"{number.normalize():f}" if number else "0"


def trimmed(number: Decimal) -> Decimal:
    """``number`` without an exponent or idle zeros."""
    return Decimal(plain_number(number))


def round_up(value: Decimal, digits: int) -> Decimal:
    """``value`` to ``digits`` decimals, any rest going away from zero: whole packs (U4), coefficients (B5)."""
    rounded = value.quantize(_step(digits), ROUND_UP, _WIDE)
    return rounded if rounded else rounded.copy_abs()


def percentage(amount: Decimal, percent: Decimal, digits: int) -> Decimal:
    """``percent`` (5 is 5 %) of ``amount``, rounded half up once (N2): instalments, VAT per rate, foot discounts."""
    return round_half_up(_WIDE.multiply(amount, percent).scaleb(-2, _WIDE), digits)


def split_by_weight(total: Decimal, weights: Sequence[Decimal], digits: int) -> list[Decimal]:
    """``total`` shared in proportion to ``weights``, in minor units, adding up to ``total`` exactly (N5).

    Exact shares are cut toward zero; the missing units go to the largest cut-off parts, ties to the earliest.
    A negative total mirrors the positive one; a negative weight gets a share of the other sign. Raises ValueError
    when the weights add up to zero and the total does not, or when ``total`` is not rounded to ``digits``.
    """
    units = _minor_units(total, digits)
    scaled = _whole(weights)
    whole = sum(scaled)
    if not whole:
        if units:
            raise ValueError(f"{total} cannot be shared over weights that add up to zero")
        return [_amount(0, digits) for _ in scaled]
    if whole < 0:
        scaled, whole = [-weight for weight in scaled], -whole
    return _share(units, [units * weight for weight in scaled], whole, digits)


def counterpart(amount: Decimal, rate: Decimal, digits: int) -> Decimal:
    """``amount`` of a foreign currency in company currency of ``digits`` decimals (F1).

    ``rate`` is foreign units per company unit; raises InputError when it is not above zero.
    """
    return round_half_up(_WIDE.divide(amount, _checked_rate(rate)), digits)


def counterparts(total: Decimal, parts: Sequence[Decimal], rate: Decimal, digits: int) -> list[Decimal]:
    """Counterparts of ``parts``, adding up to ``counterpart(total)`` and each within one minor unit of its own (F1).

    The exact share is part / rate, not a part of the rounded total: on an invoice whose lines nearly cancel out
    (a deposit deducted, N8) the rounded total says nothing about its lines. Raises ValueError when the parts do
    not add up to ``total``.
    """
    *scaled, scaled_total = _whole([*parts, total])
    if sum(scaled) != scaled_total:
        raise ValueError(f"the parts do not add up to {total}")
    return quotients(counterpart(total, rate, digits), parts, _checked_rate(rate), digits)


def quotients(total: Decimal, parts: Sequence[Decimal], divisor: Decimal, digits: int) -> list[Decimal]:
    """Each of ``parts`` over ``divisor`` (above zero), in minor units that add up to ``total``, which is near their sum.

    Cut off and completed as in N5, but near its own quotient, however the parts cancel out.
    """
    *scaled, whole = _whole([*parts, divisor])
    return _share(_minor_units(total, digits), [part * 10**digits for part in scaled], whole, digits)


def _checked_rate(rate: Decimal) -> Decimal:
    if rate <= 0:
        raise InputError([f"rate: {rate} is not above zero; give foreign units for one unit of the company's currency"])
    return rate


def _share(units: int, numerators: Sequence[int], denominator: int, digits: int) -> list[Decimal]:
    """Whole units near numerator / denominator that add up to ``units`` (N5)."""
    parts = [abs(number) // denominator * (1 if number >= 0 else -1) for number in numerators]
    missing = units - sum(parts)
    if abs(missing) > len(parts):
        raise ValueError(f"{units} minor units are not near the sum of the parts")
    if missing:
        step = 1 if missing > 0 else -1
        cut_off = [step * (number - part * denominator) for number, part in zip(numerators, parts, strict=True)]
        for index in sorted(range(len(parts)), key=lambda i: -cut_off[i])[: abs(missing)]:
            parts[index] += step
    return [_amount(part, digits) for part in parts]


def _whole(values: Sequence[Decimal]) -> list[int]:
    """Whole numbers in the same proportions as ``values``."""
    ratios = [value.as_integer_ratio() for value in values]
    common = lcm(*(denominator for _, denominator in ratios))
    return [numerator * (common // denominator) for numerator, denominator in ratios]


def _minor_units(amount: Decimal, digits: int) -> int:
    scaled = amount.scaleb(digits, _WIDE)
    units = int(scaled)
    if units != scaled:
        raise ValueError(f"{amount} is not rounded to {digits} digits")
    return units


def _amount(units: int, digits: int) -> Decimal:
    return Decimal(units).scaleb(-digits, _WIDE)


@lru_cache(maxsize=512)
def currency_of(code: str) -> Currency:
    """The currency of an ISO 4217 code in capitals; raises InputError with the nearest known code."""
    try:
        return moneyed.CURRENCIES[code]
    except KeyError:
        hint = did_you_mean(code, moneyed.CURRENCIES) or "; write an ISO 4217 code such as EUR"
        raise InputError([f"currency: unknown currency {code!r}{hint}"], currency=code) from None


@lru_cache(maxsize=512)
def currency_digits(code: str) -> int:
    """Decimals of the currency's minor unit: EUR 2, JPY 0, TND 3 (N3)."""
    return len(str(currency_of(code).sub_unit)) - 1


def unit_price_digits(code: str) -> int:
    """Default decimals of a net unit price: 4, or 0 where the currency has no minor unit (N3)."""
    return 4 if currency_digits(code) else 0


class Money(moneyed.Money):
    """A Decimal with its currency, for the edge: immutable, safe as a dict key, never built from a float.

    Sums, multiples and quotients are not rounded; ``round_money`` does that. Currencies never mix (TypeError).
    """

    def __init__(self, amount: Decimal | int | str, currency: Currency | str) -> None:
        _refuse_float(amount)
        known = currency if isinstance(currency, Currency) else currency_of(currency)
        object.__setattr__(self, "amount", amount if _is_finite(amount) else to_decimal(amount, "money"))
        object.__setattr__(self, "currency", known)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("Money is immutable; build a new one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("Money is immutable; build a new one")

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency.code}"

    def __mul__(self, other: object) -> Self:
        _refuse_float(other)
        return super().__mul__(other)

    def __rmul__(self, other: object) -> Self:
        return self * other

    def __truediv__(self, other: object) -> Self | Decimal:
        _refuse_float(other)
        return super().__truediv__(other)

    def __rmod__(self, other: object) -> Self:
        _refuse_float(other)
        return super().__rmod__(other)

    def round(self, ndigits: int | None = 0) -> Self:
        """Half up to ``ndigits`` decimals (N2), whatever the ambient decimal context says."""
        return type(self)(round_half_up(self.amount, ndigits or 0), self.currency)


def _refuse_float(value: object) -> None:
    if isinstance(value, float):
        raise TypeError(f"money and floats do not mix: {value!r}; use a Decimal")


def _is_finite(value: object) -> bool:
    return isinstance(value, Decimal) and value.is_finite()


def round_money(value: Money) -> Money:
    """``value`` in whole minor units of its currency: EUR 0.01, JPY 1 (N3)."""
    return value.round(currency_digits(value.currency.code))
