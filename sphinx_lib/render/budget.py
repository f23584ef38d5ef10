"""How much a template may do before it is stopped.

It is counted and not timed, so a page stops at the same place on every machine.

A document of many lines may do more, in proportion to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NoReturn

from jinja2 import TemplateRuntimeError

TURNS = 200_000
CALLS = 10_000
OUTPUT = 5_000_000
BUILT = 20_000_000
LONGEST_TEXT = 1_000_000
LONGEST_RANGE = 10_000
LONGEST_TEMPLATE = 1_000_000
"""Characters of a file of the template folders."""
_OF_LINE = {"turns": 50, "calls": 50, "output": 2_000, "built": 5_000, "list": 50}
"""What a line of the document adds."""
_NODES_OF_TURN = 25
_OF_VALUE = 10
_READ_AT_ONCE = 64
_BITS = 4_096
_EXPONENT = 1_000
_WIDEST_FORMAT = 1_000
_CONTAINERS = (list, tuple, dict, set, frozenset)


class OverBudget(TemplateRuntimeError):
    """A template asks for more than it may have."""


class Budget:
    """What is left for one rendering.

    ``turns`` of loops, macros and blocks; ``calls`` of functions and filters; ``output``, the
    characters of the page; ``built``, the characters of every text and ten for each value of every
    list that an expression gives, those that are printed included.
    """

    __slots__ = ("built", "calls", "longest", "output", "turns")

    def __init__(self, lines: int = 0) -> None:
        self.turns = TURNS + lines * _OF_LINE["turns"]
        self.calls = CALLS + lines * _OF_LINE["calls"]
        self.output = OUTPUT + lines * _OF_LINE["output"]
        self.built = BUILT + lines * _OF_LINE["built"]
        self.longest = LONGEST_TEXT + lines * _OF_LINE["list"]

    # -- what is used up ---------------------------------------------------------------------------

    def turn(self, count: int = 1) -> None:
        """Take ``count`` turns."""
        self.turns -= count
        if self.turns < 0:
            raise OverBudget(
                f"the loops and macros of a page may take {TURNS:,} turns, and this is one more"
            )

    def call(self) -> None:
        """Take a call of a function."""
        self.calls -= 1
        if self.calls < 0:
            raise OverBudget(f"a page may call functions {CALLS:,} times, and this is once more")

    def read(self, value: Any) -> None:
        """Pay for a text or a list that is gone through, as a comparison does."""
        if isinstance(value, str):
            self.build(len(value) // _READ_AT_ONCE)
        elif type(value) in _CONTAINERS:
            self.build(size_of(value, self.longest))

    def build(self, count: int) -> None:
        """Take ``count`` characters or values that an expression gives."""
        self.built -= count
        if self.built < 0:
            raise OverBudget(
                f"the expressions of a page may build {BUILT:,} characters in all, and this is more"
            )

    def too_much_output(self) -> OverBudget:
        """What is told to a page that used up ``output``."""
        return OverBudget(f"a page may have {OUTPUT:,} characters, and this is more")

    # -- before something is built -----------------------------------------------------------------

    def text(self, length: int) -> None:
        """Refuse a text of ``length`` characters that is still to be built."""
        if length > LONGEST_TEXT:
            too_long(length)

    def result(self, value: Any) -> Any:
        """``value``, counted: what an operator, a filter or a function gave."""
        if isinstance(value, str):
            self.text(len(value))
            self.build(len(value))
        elif type(value) in _CONTAINERS:
            self.build(size_of(value, self.longest))
        elif isinstance(value, int):
            refuse_bits(value.bit_length())
        elif isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) > _EXPONENT:
            raise OverBudget(f"a number has at most {_EXPONENT:,} digits here")
        return value

    def counted(self, values: Any, weight: int = 1) -> Any:
        """``values`` to loop over: paid for at once where their number is known, or singly."""
        if isinstance(values, str):
            self.turn(len(values) * weight)
            return values
        try:
            length = len(values)
        except TypeError:
            return self._one_by_one(iter(values), weight)
        self.turn(length * weight)
        return values

    def _one_by_one(self, values: Iterator[Any], weight: int) -> Iterator[Any]:
        for value in values:
            self.turn(weight)
            if isinstance(value, str):
                self.build(len(value))
            yield value


def too_long(length: int) -> NoReturn:
    """Refuse a text of so many characters."""
    raise OverBudget(
        f"a text in a template has at most {LONGEST_TEXT:,} characters, "
        f"and this one would have {length:,}"
    )


def refuse_bits(bits: int) -> None:
    """Refuse a whole number that is longer than any that is printed."""
    if bits > _BITS:
        raise OverBudget(
            f"a whole number in a template has at most {_BITS:,} bits, "
            f"and this one would have {bits:,}"
        )


def refuse_width(width: int) -> None:
    """Refuse a width or a precision of a format."""
    if width > _WIDEST_FORMAT:
        raise OverBudget(f"a format is at most {_WIDEST_FORMAT:,} wide, and this one {width:,}")


def weight_of(nodes: int) -> int:
    """How many turns a body of so many expressions and tags counts for."""
    return 1 + nodes // _NODES_OF_TURN


def size_of(value: Any, longest: int = LONGEST_TEXT) -> int:
    """How long a text or a list is: its characters, and ten for each value.

    What lists inside it hold counts wherever they stand.
    OverBudget above ``longest``: ``[x, x]`` of ``[x, x]`` doubles with each line of a template.
    """
    if isinstance(value, str):
        return len(value)
    size, waiting = 0, [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            waiting += (list(inner), list(inner.values()))
            continue
        size += _OF_VALUE * len(inner) if _holds(type(inner)) else 0
        kinds = set(map(type, inner)) if size <= longest and _holds(type(inner)) else set()
        for kind in kinds:
            if issubclass(kind, str):
                size += sum(len(one) for one in inner if type(one) is kind)
            elif _holds(kind):
                waiting += (one for one in inner if type(one) is kind)
        refuse_list(size, longest)
    return size


def refuse_list(size: int, longest: int = LONGEST_TEXT) -> None:
    """Refuse a list of this size, as ``size_of`` counts."""
    if size > longest:
        raise OverBudget(
            f"a list in a template holds at most {longest // _OF_VALUE:,} values, "
            f"and its texts count too"
        )


def _holds(kind: type) -> bool:
    return kind in _CONTAINERS
