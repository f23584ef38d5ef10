"""Expressions come from files that anybody may write: nothing but the grammar gets through (architecture §4.15)."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.pack.expressions import FUNCTIONS, ExpressionError, ExpressionFailed, Fact, compile_expression

SCOPE: Mapping[str, Fact] = {
    "total": Fact("number"),
    "count": Fact("number"),
    "cost": Fact("number", optional=True),
    "state": Fact("text"),
    "party": Fact("text", optional=True),
    "party.country": Fact("text"),
    "party.blocked": Fact("flag"),
    "urgent": Fact("flag", optional=True),
    "today": Fact("date"),
    "promised": Fact("date", optional=True),
    "tags": Fact("list"),
    "custom": Fact("any"),
}

FACTS: Mapping[str, Any] = {
    "total": Decimal("100.00"),
    "count": 8,
    "cost": None,
    "state": "sent",
    "party": "ACME",
    "party.country": "FR",
    "party.blocked": False,
    "urgent": None,
    "today": date(2026, 1, 31),
    "promised": None,
    "tags": ("a", "b"),
    "custom": "x",
}

ATTACKS = [
    "__import__('os').system('id')",
    "().__class__.__bases__[0].__subclasses__()",
    "party.__class__",
    "party.country.__class__.__mro__",
    "getattr(party, '__class__')",
    "globals()",
    "__builtins__",
    "eval('1')",
    "exec('import os')",
    "open('/etc/passwd')",
    "compile('1', '', 'eval')",
    "type(total)",
    "vars()",
    "9**9**9**9",
    "9 ** 999999999",
    "pow(9, 999999999)",
    '"a" * 200000000',
    '200000000 * "a"',
    '"a" * count',
    '"%1000000000d" % 1',
    '("%1000000000d" % 1) == state',
    '"{0.__class__}".format(total)',
    'f"{total.__class__}"',
    'state == f"{total}"',
    'b"a" == state',
    "lambda: 1",
    "(lambda: 1)()",
    "[x for x in tags]",
    "{x for x in tags}",
    "{x: x for x in tags}",
    "(x for x in tags)",
    "sum(x for x in tags)",
    "(y := 5)",
    "tags[0]",
    "tags[0:1]",
    "max(*tags)",
    "max(**tags)",
    "min(1, 2, key=abs)",
    "*tags",
    "await total",
    "yield total",
    "(yield)",
    "import os",
    "from os import path",
    "total; import os",
    "total\nimport os",
    "1 if true else (__import__('os'))",
    "...",
    "total @ total",
    "total << 99999999999",
    "1 << 999999999",
    "~count",
    "count | count",
    "range(999999999)",
    "list(tags)",
    "print(total)",
    "1e999999999",
    "1" * 5000,
    "9" * 21,
    "0x" + "f" * 100,
    "0b1",
    "1j",
    "(" * 10_000 + "1" + ")" * 10_000,
    "(" * 900 + "1" + ")" * 900,
    "-" * 1_999 + "1",
    "not " * 499 + "true",
    "[" * 1_000,
    "total.\x00__class__",
    "total\x00",
    'state == "\x00"',
    "\uff3f\uff3fclass\uff3f\uff3f",  # fullwidth, which Python's own parser turns into __class__
    "party.\uff3f\uff3f\uff43lass__",
    "\uff47\uff45tattr(total, total)",
    "p\u0430rty.country",  # a Cyrillic a
    "\u2102ount",
    "total\u00a0> 1",
    "\u0661 + 1",  # an Arabic digit
    "\uff11 + 1",
    "total # comment",
    "total \\\n > 1",
    "'''a''' == state",
    "`id`",
    "$total",
    "total ? 1 : 2",
    "{{ total }}",
    "{% for x in y %}",
    "abs.__call__(1)",
    "days(1).__class__",
    "round(1, 2).real",
    "None.__class__",
    "true.__class__",
    "1..real",
    "total.__add__(1)",
]


@pytest.mark.parametrize("text", ATTACKS, ids=lambda text: ascii(text)[:40])
def test_an_attack_is_refused_when_the_file_is_loaded(text: str) -> None:
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(ExpressionError):
        compile_expression(text, SCOPE)
    spent, peak = time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert spent < 1
    assert peak < 10_000_000


def test_the_code_that_runs_reaches_nothing_but_facts_and_the_named_functions() -> None:
    found = compile_expression('round(total, 2) > 1 and state in ("a", "b") or party.blocked', SCOPE)
    code = vars(found)["_code"]
    assert set(code.co_names) == {"round()", "total", "2", "1", "state", "party.blocked"}
    assert vars(found)["_globals"] == {
        "__builtins__": {},
        "round()": FUNCTIONS["round"].call,
        "1": Decimal(1),
        "2": Decimal(2),
    }


SIGNS = (
    """and or not in if else none true is lambda __class__ 1 0.5 "a" 'b' == != < >= + - * / ( ) [ ] , . ** = : { }"""
)
PIECES = st.sampled_from([*SCOPE, *FUNCTIONS, *SIGNS.split()])


@given(st.text(max_size=50) | st.lists(PIECES, max_size=20).map(" ".join) | st.lists(PIECES, max_size=12).map("".join))
def test_any_text_either_compiles_or_raises_the_one_error(text: str) -> None:
    column = 0
    found = None
    try:
        found = compile_expression(text, SCOPE)
    except ExpressionError as error:
        column = error.column
    assert 0 <= column <= len(text)
    if found is None:
        return
    try:
        result = found(FACTS)
    except ExpressionFailed:
        return
    assert found.names <= SCOPE.keys()
    assert result is not None or found.optional
