"""All guards and effects that YAML may name: those of the rule packages, and the host's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sphinx_lib.billing import credit
from sphinx_lib.pack.specs import EffectSpec, GuardSpec, Specs
from sphinx_lib.pricing import guards as price_guards
from sphinx_lib.stock import counting, landing, lot_guards, pegs, policy, supplier_terms
from sphinx_lib.workflow import chain_effects, effects
from sphinx_lib.workflow import guards as workflow_guards

GUARDS: tuple[GuardSpec, ...] = (
    *credit.GUARDS,
    *policy.GUARDS,
    *lot_guards.GUARDS,
    *counting.GUARDS,
    *landing.GUARDS,
    *supplier_terms.GUARDS,
    *price_guards.GUARDS,
    *workflow_guards.GUARDS,
)
EFFECTS: tuple[EffectSpec, ...] = (
    *effects.EFFECTS,
    *chain_effects.EFFECTS,
    *counting.EFFECTS,
    *landing.EFFECTS,
    *pegs.EFFECTS,
)


@dataclass(frozen=True)
class Extension:
    """Guards and effects of a host, handed to ``Sphinx.open(extensions=[…])``."""

    guards: Sequence[GuardSpec] = ()
    effects: Sequence[EffectSpec] = ()


def specs(extensions: Iterable[Extension] = ()) -> Specs:
    """The shipped guards and effects and those of ``extensions``; a name given twice is an error."""
    more = list(extensions)
    return Specs.of(
        [*GUARDS, *(guard for one in more for guard in one.guards)],
        [*EFFECTS, *(effect for one in more for effect in one.effects)],
    )
