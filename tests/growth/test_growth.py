"""Cost grows with the lines of a document, and with the documents of a unit, not with their square.

Nothing here looks at a clock: lines of code, function calls, statements and parameters are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from cProfile import Profile
from datetime import date
from typing import Any, NamedTuple

import pytest
from sqlalchemy import event

from sphinx_lib import Sphinx
from sphinx_lib.app.registry import specs
from sphinx_lib.export.run import export_file
from sphinx_lib.pack.load import load_pack
from sphinx_lib.pack.pack import Pack
from sphinx_lib.render.html import render_html
from tests.growth.steps import counted_steps, faster_than
from tests.growth.stories import ALICE, STORIES, Shop, open_shop
from tests.store.support import statements

SMALL, LARGE = 6, 30
SLACK = 1.5
"""Sorting takes n log n, and small measures are not exact."""


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(["base"], specs(()))


def told(pack: Pack, story: Callable[[Shop, int], None], count: int) -> Shop:
    """The shop after a story of so many lines or documents."""
    shop = open_shop(pack, count)
    story(shop, count)
    shop.app.engine.dispose()
    return shop


@pytest.mark.parametrize("name", STORIES)
def test_no_line_of_code_runs_as_the_square_of_lines_or_documents(pack: Pack, name: str) -> None:
    small, large = (told(pack, STORIES[name], count) for count in (SMALL, LARGE))
    worse = {
        step: [str(one) for one in found]
        for step, steps in large.steps.items()
        if (found := faster_than(small.steps[step], steps, SLACK * LARGE / SMALL))
    }
    assert worse == {}


def test_a_square_is_found_where_there_is_one() -> None:
    from sphinx_lib.kernel.suggest import did_you_mean

    def scanned(count: int) -> None:
        names = [f"NAME-{n}" for n in range(count)]
        for name in names:
            did_you_mean(f"{name}X", names)

    small, large = (counted_steps(lambda count=count: scanned(count))[1] for count in (SMALL, LARGE))
    found = faster_than(small, large, SLACK * LARGE / SMALL)
    assert [one.place.split(":")[0] for one in found] == ["sphinx_lib/kernel/suggest.py"]
    assert "nearest" in found[0].place or "dictcomp" in found[0].place


# -- the documents of the issue ----------------------------------------------------------------------------------------


class Operations(NamedTuple):
    """What a step took: function calls, SQL statements, and parameters sent with them."""

    calls: int
    statements: int
    parameters: int


def operations(app: Sphinx, work: Callable[[], Any]) -> tuple[Any, Operations]:
    """What ``work`` answers, and what it took."""
    profile, rows = Profile(), [0]

    def count(_connection: Any, _cursor: Any, _text: str, parameters: Any, *_: Any) -> None:
        sent = parameters if isinstance(parameters, list) else [parameters]
        rows[0] += sum(len(row) for row in sent)

    event.listen(app.engine, "before_cursor_execute", count)
    with statements(app.engine) as seen:
        answer = profile.runcall(work)
    event.remove(app.engine, "before_cursor_execute", count)
    return answer, Operations(sum(row.callcount for row in profile.getstats()), len(seen), rows[0])


def of_one_invoice(pack: Pack, count: int) -> dict[str, Operations]:
    """An invoice of ``count`` lines over 200 goods: entered, changed, issued, printed and exported."""
    app, found = open_shop(pack, 200).app, {}
    given = [{"item": f"VIS-{n % 200 + 1}", "quantity": 1 + n % 7} for n in range(count)]

    def step(name: str, work: Callable[[Any], Any]) -> Any:
        def whole() -> Any:
            with app.session(actor=ALICE) as s:
                return work(s)

        answer, found[name] = operations(app, whole)
        return answer

    bill = step("enter", lambda s: s.create("invoice", customer="ACME", lines=given)).id
    step("edit", lambda s: s.edit(bill, lines={count // 2: {"quantity": 9}}))
    step("issue", lambda s: s.fire(bill, "issue"))

    def page() -> str:
        with app.reader(actor=ALICE) as views:
            return render_html(views.document(bill))

    _, found["page"] = operations(app, page)
    _, found["export"] = operations(app, lambda: export_file(app, "fec", date(2026, 1, 1), date(2026, 12, 31)))
    app.engine.dispose()
    return found


def test_ten_thousand_lines_take_ten_times_the_calls_of_a_thousand_and_the_same_statements(pack: Pack) -> None:
    thousand, ten = (of_one_invoice(pack, count) for count in (1_000, 10_000))
    for name, one in thousand.items():
        assert ten[name].calls <= 10.5 * one.calls, name
        assert ten[name].statements == one.statements, name
        assert ten[name].parameters <= 10.5 * one.parameters, name
    assert ten["edit"].parameters < 1_000  # one line is written, not ten thousand
    assert ten["issue"].parameters == thousand["issue"].parameters
    assert ten["export"] == thousand["export"]  # entries are summed by account
