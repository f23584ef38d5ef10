"""A company copied to another database is the same there by value, and goes on there (``sphinx-lib db copy``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from sphinx_lib import InputError, Refused, Sphinx, copy_company
from sphinx_lib.kernel.errors import DatabaseForeign
from sphinx_lib.store import company_rows
from tests.store.databases import base, command_line, content, execute, shop
from tests.store.support import ALICE, FixedClock, chain, draft_invoice, faults, numbers
from tests.store.tables_made import difference
from tests.store.upgrades.__main__ import Company


@pytest.fixture(scope="session")
def postgres_template() -> str:
    """These tests begin without tables."""
    return "template1"


WAYS = ["sqlite to postgresql", "postgresql to sqlite", "sqlite to sqlite"]


@pytest.fixture(params=WAYS)
def ends(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """URLs of FROM and TO, both without tables."""
    files = {"sqlite": f"sqlite:///{tmp_path / 'from.sqlite'}", "to": f"sqlite:///{tmp_path / 'to.sqlite'}"}
    first, second = request.param.split(" to ")
    if "postgresql" in (first, second):
        files["postgresql"] = request.getfixturevalue("postgres_database")
    return files[first], files["to"] if second == "sqlite" else files[second]


@pytest.fixture
def two_files(tmp_path: Path) -> tuple[str, str]:
    return f"sqlite:///{tmp_path / 'from.sqlite'}", f"sqlite:///{tmp_path / 'to.sqlite'}"


Opener = Callable[..., Sphinx]


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Opens databases that are closed afterwards; nothing is put on record by opening."""
    apps: list[Sphinx] = []

    def open_one(url: str, company: str = "main") -> Sphinx:
        apps.append(Sphinx.open(base(), url, company, clock=FixedClock(), check_database=False))
        return apps[-1]

    yield open_one
    for app in apps:
        app.engine.dispose()


def sold(url: str) -> None:
    """A shop that delivered and invoiced once."""
    app = shop(url)
    chain(app)
    app.engine.dispose()


def digests(app: Sphinx) -> dict[str, Any]:
    with company_rows.snapshot(app.engine) as reading:
        return {table.name: company_rows.digest(reading, table, app.company) for table in company_rows.TABLES}


def test_a_company_is_the_same_on_the_other_side_and_goes_on(ends: tuple[str, str], opened: Opener) -> None:
    """Sales, purchases, stock, books, seals, keys; of the other company in FROM nothing is taken."""
    Company(ends[0]).write()
    shop(ends[0], company="other").engine.dispose()
    source, target = opened(ends[0]), opened(ends[1])
    stood = digests(source)
    copied = copy_company(source, target)
    assert digests(source) == digests(target) == stood
    assert copied.rows == {name: digest.rows for name, digest in stood.items()}
    assert copied.report == source.verify() == target.verify()
    assert (copied.report.ok, copied.report.documents) == (True, 13)
    assert set(digests(opened(ends[1], "other")).values()) == {company_rows.Digest()}
    assert difference(ends[1]) == []
    issued = numbers(target)
    with target.session(actor=ALICE) as session:
        session.put("item", [{"code": "VIS-1", "name": "Vis 1", "sale_price": "10"}])
        session.fire(draft_invoice(session).id, "issue")
    assert numbers(target) == [*issued, f"FA2026-{int(issued[-1][-5:]) + 1:05}"]
    assert faults(target) == []


def test_a_company_goes_beside_others_and_not_twice(ends: tuple[str, str], opened: Opener) -> None:
    sold(ends[0])
    shop(ends[1], company="other").engine.dispose()
    source, target, other = opened(ends[0]), opened(ends[1]), opened(ends[1], "other")
    stood = digests(other)
    copy_company(source, target)
    assert digests(other) == stood
    there = digests(target)
    with pytest.raises(Refused, match="holds company 'main' already, 4 documents"):
        copy_company(source, target)
    with pytest.raises(Refused, match="holds company 'main' already, 4 documents"):
        copy_company(source, target, dry_run=True)
    assert digests(target) == there


def test_a_dry_run_tells_and_writes_nothing(two_files: tuple[str, str], opened: Opener) -> None:
    sold(two_files[0])
    copied = copy_company(opened(two_files[0]), opened(two_files[1]), dry_run=True)
    assert (copied.rows["documents"], copied.report.ok) == (4, True)
    assert not Path(make_url(two_files[1]).database or "").exists()
    shop(two_files[1], company="other").engine.dispose()
    stood, target = content(two_files[1]), opened(two_files[1])
    copy_company(opened(two_files[0]), target, dry_run=True)
    target.engine.dispose()
    assert content(two_files[1]) == stood


def test_a_copy_that_is_broken_off_leaves_nothing(ends: tuple[str, str], opened: Opener) -> None:
    sold(ends[0])
    source, target = opened(ends[0]), opened(ends[1])

    def broken(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_company(source, target, progress=broken)
    nothing = {name: digest for name, digest in digests(target).items() if name not in ("packs", "audit_log")}
    assert set(nothing.values()) == {company_rows.Digest()}
    copy_company(source, target)
    assert digests(target) == digests(source)


def test_what_is_written_meanwhile_is_not_half_copied(ends: tuple[str, str], opened: Opener) -> None:
    app = shop(ends[0])
    chain(app)
    source, target = opened(ends[0]), opened(ends[1])
    stood, chains = digests(source), []

    def sell(_done: int, _total: int) -> None:
        if not chains:
            chains.append(chain(app))

    copy_company(source, target, progress=sell)
    assert chains
    assert digests(target) == stood != digests(source)
    assert faults(target) == []
    app.engine.dispose()


def test_a_company_that_does_not_verify_is_not_copied(two_files: tuple[str, str], opened: Opener) -> None:
    sold(two_files[0])
    execute(two_files[0], "update document_lines set net = net + 1")
    with pytest.raises(Refused, match="verify finds 4 faults in sqlite:.*; mend it first"):
        copy_company(opened(two_files[0]), opened(two_files[1]))
    assert digests(opened(two_files[1]))["documents"] == company_rows.Digest()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("update parties set name = name || char(0)", "parties.name: a text with the character NUL"),
        ("update parties set name = printf('%0300d', 1)", "parties.name: a text of 300 characters; its column takes 200"),
        (r"""update documents set custom = '{"note":"\u0000"}'""", "documents.custom: a text with the character NUL"),
    ],
)
def test_what_the_other_database_does_not_take_is_told_by_column(
    tmp_path: Path, postgres_database: str, opened: Opener, change: str, said: str
) -> None:
    url = f"sqlite:///{tmp_path / 'from.sqlite'}"
    sold(url)
    execute(url, change.replace(":", r"\:"))
    with pytest.raises(InputError) as refused:
        copy_company(opened(url), opened(postgres_database), dry_run=True)
    assert refused.value.problems == (f"PostgreSQL does not take {said}",)


def test_a_company_that_is_not_there_and_one_of_another_name_are_told(
    two_files: tuple[str, str], opened: Opener
) -> None:
    sold(two_files[0])
    with pytest.raises(Refused, match="holds nothing of company 'amin'"):
        copy_company(opened(two_files[0], "amin"), opened(two_files[1], "amin"))
    with pytest.raises(InputError, match="open for company 'main', the target for 'other'"):
        copy_company(opened(two_files[0]), opened(two_files[1], "other"))


def test_a_foreign_or_newer_target_is_left_as_it_is(two_files: tuple[str, str], opened: Opener) -> None:
    sold(two_files[0])
    execute(two_files[1], "create table basket (what text)")
    stood = content(two_files[1])
    with pytest.raises(DatabaseForeign):
        copy_company(opened(two_files[0]), opened(two_files[1]))
    assert content(two_files[1]) == stood
    with pytest.raises(DatabaseForeign):
        copy_company(opened(two_files[1]), opened(two_files[0]))


@pytest.mark.parametrize("ends", WAYS[:1], indirect=True)
def test_the_command_copies_and_says_how_much(
    ends: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    sold(ends[0])
    assert command_line(monkeypatch, capsys, "db", "copy", *ends, "--dry-run")[0] == 0
    assert command_line(monkeypatch, capsys, "db", "copy", *ends) == (0, "")
    assert command_line(monkeypatch, capsys, "verify", "--database", ends[1])[0] == 0
    code, said = command_line(monkeypatch, capsys, "db", "copy", *ends)
    assert (code, "holds company 'main' already" in said, said.count("\n")) == (1, True, 1)
