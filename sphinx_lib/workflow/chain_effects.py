"""Effects on the documents around one: what it makes, what was made from it, what its sources have left."""

from __future__ import annotations

from collections.abc import Iterable

from sphinx_lib.pack.base import Strict, YesNo
from sphinx_lib.pack.specs import EffectSpec, FireMade, FireOthers, KeepPrices, Make, NoteLeft, Op, Situation
from sphinx_lib.workflow.facts import DocumentFacts, LineFacts


class Next(Strict):
    """The type or kind to make, and the event fired on the new document beyond what its ``then`` fires, if any."""

    type: str
    fire: str | None = None


class OfMade(Strict):
    """The documents of ``type`` made from this one, and the event fired on those whose state allows it.

    Unless ``optional`` there must be one.
    """

    type: str
    event: str
    optional: YesNo = False


class OfOthers(Strict):
    """The event fired on the other documents of the same type and sources, where their state allows it.

    With a ``type`` it is fired, as a consequence, on documents of that type that go back to the same sources, where its
    condition holds too.
    """

    event: str
    type: str | None = None


class Left(Strict):
    """The ``progress`` of the sources that is read, the number field ``into`` which it is written, and the lines: those for
    which ``where`` holds, all without it."""

    progress: str
    into: str
    where: str | None = None


class PriceStep(Strict):
    """The step of the price schema that keeps supplier prices, and the line field that says until when one holds."""

    step: str
    valid_to: str | None = None


def make(situation: Situation, parameters: Next) -> Iterable[Op]:
    """Make the next document in the same unit of work: all of the chain happens, or nothing."""
    yield Make(parameters.type, parameters.fire)


def fire_made(situation: Situation, parameters: OfMade) -> Iterable[Op]:
    """Fire an event on what was made from the document."""
    yield FireMade(parameters.type, parameters.event, parameters.optional)


def fire_others(situation: Situation, parameters: OfOthers) -> Iterable[Op]:
    """Fire an event on the documents made beside this one."""
    yield FireOthers(parameters.event, parameters.type)


def note_left(situation: Situation, parameters: Left) -> Iterable[Op]:
    """Write on lines how much of them their sources still have left, such as not invoiced yet."""
    lines = (line for line in situation.document.lines if line.quantity is not None and line.source_id is not None)
    if parameters.where is not None:
        key = (situation.document.type, situation.document.kind)
        holds = situation.pack.expression(key, "line", parameters.where)
        facts = DocumentFacts(situation)
        lines = (line for line in lines if holds(LineFacts(facts, line)))
    yield NoteLeft(parameters.progress, parameters.into, frozenset(line.id for line in lines))


def keep_prices(situation: Situation, parameters: PriceStep) -> Iterable[Op]:
    """Keep the prices of the lines as price records of the supplier."""
    yield KeepPrices(parameters.step, parameters.valid_to)


EFFECTS = (
    EffectSpec("make", make, Next),
    EffectSpec("fire_made", fire_made, OfMade),
    EffectSpec("fire_others", fire_others, OfOthers),
    EffectSpec("note_left", note_left, Left, needs=frozenset({"sources"})),
    EffectSpec("keep_prices", keep_prices, PriceStep),
)
