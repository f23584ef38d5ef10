"""Legal series: unique, continuous, chronological, taken at issue inside the transaction (NU1, NU2, NU3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from sphinx_lib import Refused, Sphinx
from sphinx_lib.kernel.errors import DateRefused
from tests.store.support import (
    ALICE,
    at_once,
    count_rows,
    document,
    draft_invoice,
    faults,
    issue_invoice,
    lines,
    numbers,
    open_shop,
    overlay,
    raised,
)


class Aborted(Exception):
    """A host that changes its mind after the number was given."""


def expected(count: int, year: int = 2026) -> list[str]:
    return [f"FA{year}-{n:05}" for n in range(1, count + 1)]


def test_eight_threads_that_issue_at_once_leave_no_gap_though_some_abort(app: Sphinx) -> None:
    """NU1, architecture 4.6: each thread issues six invoices and aborts three more after they had their numbers."""

    def work() -> int:
        issued = 0
        for turn in range(9):
            try:
                with app.session(actor=ALICE) as s:
                    draft = draft_invoice(s)
                    s.fire(draft.id, "issue")
                    s.flush()
                    assert s.document(draft.id).number
                    if turn % 3 == 2:
                        raise Aborted
                issued += 1
            except Aborted:
                continue
        return issued

    assert at_once(*[work] * 8) == [6] * 8
    assert numbers(app) == expected(48)
    assert faults(app) == []


def test_dates_of_a_series_never_run_backwards_while_days_pass_under_eight_threads(app: Sphinx) -> None:
    """A unit that took its date before another one issued on a later day is refused and numbers stay continuous."""

    def work() -> int:
        done = 0
        for _ in range(5):
            try:
                issue_invoice(app)
                done += 1
            except DateRefused:
                continue
            app.clock.at += timedelta(hours=7)  # type: ignore[attr-defined]
        return done

    results = at_once(*[work] * 8)
    assert raised(results) == []
    with app.reader() as views:
        issued = sorted((v.document.number, v.document.date) for v in views.documents(views.ids(type="invoice")))
    assert [number for number, _ in issued] == expected(sum(results))
    assert [day for _, day in issued] == sorted(day for _, day in issued)
    assert faults(app) == []


def test_drafts_and_abandoned_drafts_take_no_number(file_app: Sphinx) -> None:
    with file_app.session(actor=ALICE) as s:
        first, second, third = (draft_invoice(s).id for _ in range(3))
        s.delete(second)
    with file_app.session(actor=ALICE) as s:
        s.fire(third, "issue")
        s.fire(first, "issue")
    assert [document(file_app, one).number for one in (first, second, third)] == ["FA2026-00002", None, "FA2026-00001"]
    assert document(file_app, second).state == "abandoned"


def test_invoices_issued_in_one_unit_are_numbered_by_date_then_as_they_were_made(app: Sphinx) -> None:
    with app.session(actor=ALICE) as s:
        late, early, same = (
            draft_invoice(s, date=day).id for day in (date(2026, 2, 28), date(2026, 2, 10), date(2026, 2, 28))
        )
        for one in (same, late, early):
            s.fire(one, "issue")
    assert [document(app, one).number for one in (early, late, same)] == expected(3)
    assert faults(app) == []


def test_a_date_before_the_last_issued_invoice_is_refused_and_nothing_is_written(app: Sphinx) -> None:
    issue_invoice(app, date=date(2026, 3, 1))
    before = count_rows(app)
    said = "^invoice dated 2026-02-28: the series invoice has already issued one on 2026-03-01; date it then or later"
    with pytest.raises(DateRefused, match=said) as refused:
        issue_invoice(app, date=date(2026, 2, 28))
    assert refused.value.facts == {"date": date(2026, 2, 28), "last": date(2026, 3, 1)}
    assert count_rows(app) == before
    assert issue_invoice(app, date=date(2026, 3, 1)).number == "FA2026-00002"
    assert faults(app) == []


def test_a_yearly_series_begins_again_and_the_old_year_may_still_be_closed(app: Sphinx) -> None:
    """NU2: each year is a series of its own, chronological in itself."""
    app.clock.at = datetime(2026, 12, 31, 12, tzinfo=UTC)  # type: ignore[attr-defined]
    assert issue_invoice(app).number == "FA2026-00001"
    app.clock.at = datetime(2027, 1, 4, 12, tzinfo=UTC)  # type: ignore[attr-defined]
    assert issue_invoice(app).number == "FA2027-00001"
    assert issue_invoice(app, date=date(2026, 12, 31)).number == "FA2026-00002"
    assert issue_invoice(app).number == "FA2027-00002"
    assert faults(app) == []


def test_the_day_of_a_number_is_that_of_the_companys_time_zone(file_app: Sphinx) -> None:
    """23:30 UTC on New Year's Eve is already the new year in Paris."""
    file_app.clock.at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # type: ignore[attr-defined]
    assert issue_invoice(file_app).number == "FA2027-00001"


def test_credit_notes_share_the_series_of_invoices(app: Sphinx) -> None:
    """NU3."""
    invoice = issue_invoice(app)
    with app.session(actor=ALICE) as s:
        credit = s.derive(invoice.id, "credit_note").documents[0]
        s.fire(credit.id, "issue")
    assert document(app, credit.id).number == "FA2026-00002"
    assert issue_invoice(app).number == "FA2026-00003"
    assert faults(app) == []


def test_a_revised_quotation_keeps_its_root_number(app: Sphinx) -> None:
    """NU2: DE26-00012-v2."""
    with app.session(actor=ALICE) as s:
        first = s.create("quotation", customer="ACME", lines=lines())
        s.fire(first.id, "send")
    with app.session(actor=ALICE) as s:
        s.fire(first.id, "revise")
    with app.reader() as views:
        revision = views.ids(type="quotation", state="draft")[0]
    with app.session(actor=ALICE) as s:
        s.fire(revision, "send")
    assert document(app, revision).number == "DE2026-00001-v2"
    with app.session(actor=ALICE) as s:
        other = s.create("quotation", customer="ACME", lines=lines())
        s.fire(other.id, "send")
    assert document(app, other.id).number == "DE2026-00002"


def test_a_series_taken_over_from_another_system_goes_on_where_it_stood(tmp_path) -> None:  # type: ignore[no-untyped-def]
    folder = overlay(tmp_path, "numbering:\n  invoice: {start: 418}\n")
    app = open_shop(f"sqlite:///{tmp_path / 'x.sqlite'}", config=["base", folder])
    assert [issue_invoice(app).number for _ in range(2)] == ["FA2026-00418", "FA2026-00419"]
    assert faults(app) == []
    app.engine.dispose()


def test_an_issued_invoice_cannot_be_issued_again(app: Sphinx) -> None:
    invoice = issue_invoice(app)
    said = "^invoice FA2026-00001: cannot 'issue' from 'issued'; allowed: nothing$"
    with pytest.raises(Refused, match=said), app.session(actor=ALICE) as s:
        s.fire(invoice.id, "issue")
    assert numbers(app) == ["FA2026-00001"]
