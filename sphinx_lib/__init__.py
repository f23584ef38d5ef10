"""sphinx_lib runs the commercial cycle of a French trading, building or service company, from quotation to accounting.

Names are resolved when first used, so that importing the package costs little (architecture 4.19).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx_lib.app.company_copy import copy_company
    from sphinx_lib.app.registry import Extension
    from sphinx_lib.app.session import Session
    from sphinx_lib.app.sphinx import Sphinx
    from sphinx_lib.kernel.errors import (
        ConfigError,
        Conflict,
        DatabaseError,
        GuardFailed,
        InputError,
        NotFound,
        Refusal,
        Refused,
        SphinxError,
    )
    from sphinx_lib.kernel.money import Money
    from sphinx_lib.kernel.ports import Actor
    from sphinx_lib.kernel.seal import Seal
    from sphinx_lib.pack.base import Strict
    from sphinx_lib.pack.specs import EffectSpec, GuardSpec

_WHERE = {
    "Actor": "kernel.ports",
    "ConfigError": "kernel.errors",
    "Conflict": "kernel.errors",
    "DatabaseError": "kernel.errors",
    "EffectSpec": "pack.specs",
    "Extension": "app.registry",
    "GuardFailed": "kernel.errors",
    "GuardSpec": "pack.specs",
    "InputError": "kernel.errors",
    "Money": "kernel.money",
    "NotFound": "kernel.errors",
    "Refusal": "kernel.errors",
    "Refused": "kernel.errors",
    "Seal": "kernel.seal",
    "Session": "app.session",
    "Sphinx": "app.sphinx",
    "SphinxError": "kernel.errors",
    "Strict": "pack.base",
    "copy_company": "app.company_copy",
}

__all__ = [
    "Actor",
    "ConfigError",
    "Conflict",
    "DatabaseError",
    "EffectSpec",
    "Extension",
    "GuardFailed",
    "GuardSpec",
    "InputError",
    "Money",
    "NotFound",
    "Refusal",
    "Refused",
    "Seal",
    "Session",
    "Sphinx",
    "SphinxError",
    "Strict",
    "copy_company",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
