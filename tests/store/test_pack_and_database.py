"""A database belongs to a pack: what a changed pack no longer knows is told before anything is done (architecture 4.5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from sphinx_lib import ConfigError, Sphinx
from sphinx_lib.kernel.errors import TransitionRefused
from sphinx_lib.store.tables import packs
from tests.store.support import ALICE, FixedClock, chain, document, faults, issue_invoice, lines, open_shop, overlay

OLDER = """
document_types:
  quotation:
    states:
      waiting: {label: {en: Waiting}, requires: [has_lines]}
    events:
      hold: {from: draft, to: waiting}
"""
RENAMED = "renamed: {quotation: {waiting: sent}}\n"


def opened(url: str, *config: object, **options: object) -> Sphinx:
    return Sphinx.open(["base", *config], url, clock=FixedClock(), **options)  # type: ignore[arg-type]


def held(app: Sphinx, count: int) -> list[str]:
    """Quotations in the state that only the older pack has."""
    with app.session(actor=ALICE) as s:
        made = [s.create("quotation", customer="ACME", lines=lines()).id for _ in range(count)]
        s.fire_many(made, "hold")
    return made


@pytest.fixture
def older(database_url: str, tmp_path: Path) -> Sphinx:
    """Two quotations in a state that the base pack lacks."""
    app = open_shop(database_url, config=["base", overlay(tmp_path, OLDER, "older")])
    held(app, 2)
    app.engine.dispose()
    return app


def test_documents_in_states_that_the_pack_lacks_are_counted_with_the_way_out(older: Sphinx, database_url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        opened(database_url)
    (problem,) = refused.value.problems
    assert problem.message == "2 documents of type quotation are in 'waiting', which is not declared"
    assert problem.hint == "write renamed: {quotation: {waiting: NEW_STATE}} and run migrate"
    assert problem.path == "document_types.quotation.states"
    assert (Path(problem.file).name, problem.line > 1) == ("workflows.yaml", True)


def test_renamed_moves_them_when_the_database_is_migrated(older: Sphinx, database_url: str, tmp_path: Path) -> None:
    app = opened(database_url, overlay(tmp_path, RENAMED), check_database=False)
    app.migrate()
    with app.reader() as views:
        moved = views.documents(views.ids(type="quotation"))
        assert [(view.document.state, view.document.version) for view in moved] == [("sent", 3)] * 2
        last = views.history(moved[0].document.id)[-1]
    assert (last.event, last.actor, last.payload["from"], last.payload["to"]) == ("rename", "system", "waiting", "sent")
    assert faults(app) == []
    app.migrate()
    assert document(app, moved[0].document.id).version == 3
    app.engine.dispose()
    again = opened(database_url)
    assert faults(again) == []
    again.engine.dispose()


def test_a_rename_covers_up_no_alteration(older: Sphinx, database_url: str, tmp_path: Path) -> None:
    with older.engine.begin() as connection:
        connection.exec_driver_sql("update documents set reference = 'altered'")
    older.engine.dispose()
    app = opened(database_url, overlay(tmp_path, RENAMED), check_database=False)
    app.migrate()
    assert len(faults(app)) == 2
    app.engine.dispose()


def test_a_rename_to_a_state_that_is_not_there_moves_nothing(older: Sphinx, database_url: str, tmp_path: Path) -> None:
    nowhere = overlay(tmp_path, "renamed: {quotation: {waiting: nowhere}}\n")
    app = opened(database_url, nowhere, check_database=False)
    with pytest.raises(ConfigError, match="2 documents of type quotation are in 'nowhere', which is not declared"):
        app.migrate()
    app.engine.dispose()
    again = Sphinx.open(["base", tmp_path / "older"], database_url, clock=FixedClock())
    with again.reader() as views:
        assert len(views.ids(type="quotation", state="waiting")) == 2
    again.engine.dispose()


def test_a_state_renamed_to_itself_stays_where_it_is(database_url: str, tmp_path: Path) -> None:
    app = open_shop(database_url, config=["base", overlay(tmp_path, "renamed: {quotation: {draft: draft}}\n")])
    with app.session(actor=ALICE) as s:
        made = s.create("quotation", customer="ACME", lines=lines())
    app.migrate()
    assert document(app, made.id).version == 1
    app.engine.dispose()


def test_a_pack_that_comes_back_is_checked_again(database_url: str, tmp_path: Path) -> None:
    """It was opened before, but then another one made documents that it does not know."""
    clock = FixedClock()
    first = open_shop(database_url, clock=clock)
    first.engine.dispose()
    clock.at += timedelta(days=1)
    app = Sphinx.open(["base", overlay(tmp_path, OLDER)], database_url, clock=clock)
    held(app, 1)
    app.engine.dispose()
    clock.at += timedelta(days=1)
    with pytest.raises(ConfigError, match="1 document of type quotation are in 'waiting'"):
        Sphinx.open(["base"], database_url, clock=clock)


def test_documents_of_a_type_or_kind_that_is_gone_are_told(database_url: str, tmp_path: Path) -> None:
    text = """
document_types:
  memo:
    label: {en: Memo}
    side: sales
    number: {sequence: quotation, at: done}
    initial: draft
    states: {draft: {label: {en: Draft}, editable: true}, done: {label: {en: Done}}}
    events: {finish: {from: draft, to: done}}
    template: quotation.html
"""
    app = open_shop(database_url, config=["base", overlay(tmp_path, text)])
    with app.session(actor=ALICE) as s:
        s.create("memo", customer="ACME", lines=lines())
    app.engine.dispose()
    with pytest.raises(ConfigError) as refused:
        opened(database_url)
    (problem,) = refused.value.problems
    assert problem.message == "1 document of type memo exist, but the type is not declared"
    assert problem.hint == "declare it again"


def test_the_same_yaml_has_the_same_fingerprint_and_another_has_another(tmp_path: Path) -> None:
    same = opened("sqlite://").pack.fingerprint
    assert opened("sqlite://").pack.fingerprint == same
    assert opened("sqlite://", overlay(tmp_path, "# nothing but a remark\n{}\n", "x")).pack.fingerprint == same
    changed = overlay(tmp_path, "stock: {negative_stock: forbid}\n", "y")
    assert opened("sqlite://", changed).pack.fingerprint != same
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "another_name.yaml").write_text((changed / "pack.yaml").read_text())
    assert opened("sqlite://", moved).pack.fingerprint == opened("sqlite://", changed).pack.fingerprint


def test_documents_keep_the_fingerprint_of_the_pack_that_made_them(database_url: str, tmp_path: Path) -> None:
    app = open_shop(database_url)
    old = chain(app)["invoice"]
    app.engine.dispose()
    newer = Sphinx.open(
        ["base", overlay(tmp_path, "stock: {negative_stock: allow}\n")],
        database_url,
        clock=FixedClock(datetime(2026, 3, 3, 8, tzinfo=UTC)),
    )
    new = issue_invoice(newer).id
    assert document(newer, old).pack == app.pack.fingerprint != newer.pack.fingerprint == document(newer, new).pack
    with newer.engine.connect() as connection:
        archived = {row.fingerprint: row.content for row in connection.execute(select(packs))}
    assert archived.keys() == {app.pack.fingerprint, newer.pack.fingerprint}
    assert '"negative_stock": "warn"' in archived[app.pack.fingerprint]
    assert '"negative_stock": "allow"' in archived[newer.pack.fingerprint]
    assert faults(newer) == []
    newer.engine.dispose()


def test_the_workflow_follows_the_current_pack(database_url: str, tmp_path: Path) -> None:
    """Prices and rates are copied facts; what may be done next is what today's pack says."""
    app = open_shop(database_url)
    with app.session(actor=ALICE) as s:
        made = s.create("quotation", customer="ACME", lines=lines())
    app.engine.dispose()
    text = "document_types:\n  quotation:\n    events:\n      cancel: !remove\n"
    newer = opened(database_url, overlay(tmp_path, text))
    said = "^quotation has no event 'cancel'"
    with pytest.raises(TransitionRefused, match=said), newer.session(actor=ALICE) as s:
        s.fire(made.id, "cancel")
    newer.engine.dispose()
