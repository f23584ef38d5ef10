"""What a template may do is counted, and its errors name file and line (issue 10, C11)."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from jinja2.filters import FILTERS
from jinja2.tests import TESTS

from sphinx_lib import Sphinx
from sphinx_lib.app.views import DocumentView
from sphinx_lib.kernel.errors import RenderError
from sphinx_lib.render import budget, render_html
from sphinx_lib.render.filters import bounded_filters, bounded_tests
from tests import printed
from tests.bounds.template_attacks import ATTACKS

SECONDS, MEGABYTES = 2, 100
PEAK = Path("/proc/self/clear_refs")


@pytest.fixture(scope="module")
def shop() -> Sphinx:
    return printed.open_shop()


@pytest.fixture(scope="module")
def quotation(shop: Sphinx) -> DocumentView:
    return printed.view(shop, printed.quotation(shop))


def folder(tmp_path: Path, text: str, name: str = "quotation.html") -> list[Path]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return [tmp_path]


def page(tmp_path: Path, view: DocumentView, text: str) -> str:
    return render_html(view, templates=folder(tmp_path, text))


def memory(what: str) -> int:
    """Megabytes, now (``VmRSS``) or at most since ``reset_peak`` (``VmHWM``)."""
    found = re.search(rf"{what}:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))
    assert found is not None
    return int(found[1]) // 1024


def reset_peak() -> bool:
    """Whether this system tells the peak of memory from now on."""
    try:
        PEAK.write_text("5", encoding="utf-8")
    except OSError:
        return False
    return True


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_ends_soon_and_small_with_the_place_in_the_template(
    quotation: DocumentView, tmp_path: Path, name: str
) -> None:
    templates = folder(tmp_path, f"\n{ATTACKS[name]}")
    told = reset_peak()
    before, started = memory("VmRSS") if told else 0, time.process_time()
    with pytest.raises(RenderError) as refused:
        render_html(quotation, templates=templates)
    assert time.process_time() - started < SECONDS
    assert not told or memory("VmHWM") - before < MEGABYTES
    assert re.match(r"quotation\.html:[1-7]: .", str(refused.value))


# -- each bound, from both sides ---------------------------------------------------------------------------------------

LOOPS = "{% for a in range(10000) %}{% for b in range(LAST) %}{% endfor %}{% endfor %}"


def test_a_page_may_take_200_000_turns_and_no_more(quotation: DocumentView, tmp_path: Path) -> None:
    assert page(tmp_path, quotation, LOOPS.replace("LAST", "18")) == ""
    with pytest.raises(
        RenderError,
        match=r"^quotation\.html:1: the loops and macros of a page may take 200,000 turns",
    ):
        page(tmp_path, quotation, LOOPS.replace("LAST", "20"))


def test_a_range_has_10_000_numbers_and_no_more(quotation: DocumentView, tmp_path: Path) -> None:
    assert page(tmp_path, quotation, "{{ range(1, 10001)|last }}") == "10000"
    with pytest.raises(
        RenderError,
        match=r"^quotation\.html:1: a range has at most 10,000 numbers, and this one 10,001$",
    ):
        page(tmp_path, quotation, "{{ range(10001)|last }}")


def test_a_text_has_a_million_characters_and_no_more(
    quotation: DocumentView, tmp_path: Path
) -> None:
    assert page(tmp_path, quotation, "{{ ('x' * 1000000)|length }}") == "1000000"
    told = r"^quotation\.html:1: a text in a template has at most 1,000,000 characters, and this one would have 1,000,001$"
    with pytest.raises(RenderError, match=told):
        page(tmp_path, quotation, "{{ ('x' * 1000001)|length }}")


def test_a_page_has_five_million_characters_and_no_more(
    quotation: DocumentView, tmp_path: Path
) -> None:
    lines = "{% set text = 'x' * 999999 %}\n" + "{{ text }}\n" * 5
    assert len(page(tmp_path, quotation, lines)) == 5_000_000
    with pytest.raises(
        RenderError,
        match=r"^quotation\.html:7: a page may have 5,000,000 characters, and this is more$",
    ):
        page(tmp_path, quotation, lines + "{{ text }}\n")


def test_a_long_document_may_have_a_long_page() -> None:
    one, many = budget.Budget(1), budget.Budget(100_000)
    assert many.turns - one.turns >= 99_999 * 50
    assert many.output - one.output >= 99_999 * 2_000


def test_each_page_has_a_budget_of_its_own(quotation: DocumentView, tmp_path: Path) -> None:
    templates = folder(tmp_path, LOOPS.replace("LAST", "12"))
    assert [render_html(quotation, templates=templates) for _ in range(3)] == [""] * 3


def test_pages_in_threads_pay_each_for_themselves(quotation: DocumentView, tmp_path: Path) -> None:
    templates = folder(tmp_path, LOOPS.replace("LAST", "12"))
    with ThreadPoolExecutor(4) as threads:
        pages = threads.map(lambda _: render_html(quotation, templates=templates), range(8))
    assert list(pages) == [""] * 8


def test_a_page_that_failed_leaves_nothing_to_the_next(
    quotation: DocumentView, tmp_path: Path
) -> None:
    templates = folder(
        tmp_path, "{% if document.reference is none %}{% endif %}" + LOOPS.replace("LAST", "99")
    )
    for _ in range(3):
        with pytest.raises(RenderError, match="200,000 turns"):
            render_html(quotation, templates=templates)
    assert page(tmp_path / "..", quotation, "fine") == "fine"


# -- what templates do every day ---------------------------------------------------------------------------------------

EVERYDAY = {
    "{% for row in [1, 2] %}{{ loop.index }}/{{ loop.length }}{{ ', ' if not loop.last }}{% endfor %}": "1/2, 2/2",
    "{% for x in [3, 1, 2]|sort %}{{ x }}{% endfor %}": "123",
    "{% for x in [1, 2, 3]|select('odd') %}{{ loop.index }}{{ x }}{% if loop.last %}.{% endif %}{% endfor %}": "1123.",
    "{% for x in [] %}{% else %}none{% endfor %}": "none",
    "{% for x in [1, [2, [3]]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{% endif %}{% endfor %}": "1(2(3))",
    "{{ ['a', 'b']|join(', ') }}": "a, b",
    "{{ ['<', '>']|join('&') }}": "&lt;&amp;&gt;",
    "{{ 'a' ~ 1 ~ '<' }}": "a1&lt;",
    "{{ ('<b>'|safe) ~ '<' }}": "<b>&lt;",
    "{{ '%05.2f'|format(3.14159) }}": "03.14",
    "{{ '%s-%s' % ('a', 2) }}": "a-2",
    "{{ '{:>5}|{x}'.format('a', x=1) }}": "    a|1",
    "{{ 'a b'.replace(' ', '_').upper() }}": "A_B",
    "{{ [1, 2, 3]|sum }}{{ [1, 2]|map('string')|join }}": "612",
    "{{ [{'a': 1, 'b': 2}, {'a': 1, 'b': 3}]|groupby('a')|map('last')|map('length')|first }}": "2",
    "{{ [1, 2, 3, 4]|batch(3, 0)|map('join', '')|join('/') }}": "123/400",
    "{{ {'a': 1}|tojson }}": '{"a": 1}',
    "{% set ns = namespace(n=0) %}{% for x in [1, 2] %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}": "3",
    "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m('&') }}": "<&amp;>",
    "{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}x{% endcall %}": "[x]",
    "{% filter upper %}a{{ 'b' }}{% endfilter %}": "AB",
    "{% set x %}a<{{ '<' }}{% endset %}{{ x }}": "a<&lt;",
    "{{ (1, 2) == (1, 2) }}{{ 1 < 2 < 3 }}{{ 'a' in 'cat' }}{{ 2 not in [1] }}": "TrueTrueTrueTrue",
    "{{ [1, 2, 3][1:]|list }}{{ 'abc'[::-1] }}": "[2, 3]cba",
    "{{ 2 ** 10 }}{{ 7 // 2 }}{{ 7 % 2 }}{{ 'ab' * 2 }}{{ [1] + [2] }}": "102431abab[1, 2]",
    "{{ none }}{{ true }}{{ 1.5 }}": "NoneTrue1.5",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}": "aba",
    "{% set j = joiner('|') %}{{ j() }}{{ j() }}": "|",
    "{{ dict(a=1).a }}{{ {'k': 'v'}['k'] }}": "1v",
    "{{ document.date.strftime('%d/%m/%Y') }}": "03/03/2026",
}


@pytest.mark.parametrize("text", EVERYDAY)
def test_what_templates_do_every_day_is_what_jinja_does(
    quotation: DocumentView, tmp_path: Path, text: str
) -> None:
    assert page(tmp_path, quotation, text) == EVERYDAY[text]


def test_every_filter_and_test_of_jinja_is_there() -> None:
    assert set(FILTERS) <= set(bounded_filters())
    assert set(TESTS) == set(bounded_tests())
    assert not [name for name, one in bounded_filters().items() if one is FILTERS.get(name)]


# -- the place of an error ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"quotation.html": "\n\n{% include 'part.html' %}", "part.html": "\n{{ 'x' * 10**9 }}"}, "part.html:2"),
        ({"quotation.html": "{% extends 'shipped/quotation.html' %}\n{% block notice %}\n{{ 1 / 0 }}{% endblock %}"}, "quotation.html:3"),
        ({"quotation.html": "{% import 'm.html' as m %}\n{{ m.long() }}", "m.html": "{% macro long() %}\n\n{{ 'x' * 10**9 }}{% endmacro %}"}, "m.html:3"),
        ({"quotation.html": "{% from 'sub/m.html' import long %}\n{{ long() }}", "sub/m.html": "{% macro long() %}\n{{ nothing }}{% endmacro %}"}, "sub/m.html:2"),
        ({"quotation.html": "{% include 'text.txt' %}", "text.txt": "\n\n{{ range(99999) }}"}, "text.txt:3"),
        ({"quotation.html": "\n{{ t('no_such_word') }}"}, "quotation.html:2"),
    ],
)  # fmt: skip
def test_an_error_names_the_template_and_the_line(
    quotation: DocumentView, tmp_path: Path, files: dict[str, str], place: str
) -> None:
    (tmp_path / "sub").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(RenderError) as refused:
        render_html(quotation, templates=[tmp_path])
    assert str(refused.value).startswith(f"{place}: ")
