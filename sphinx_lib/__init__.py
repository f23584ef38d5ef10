"""sphinx_lib runs the commercial cycle of a French trading, building or service company, from quotation to accounting.

Names are resolved when first used, so that importing the package costs little (architecture 4.19).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx_lib.app.registry import Extension
    from sphinx_lib.app.session import Session
    from sphinx_lib.app.sphinx import Sphinx
    from sphinx_lib.kernel.errors import ConfigError, Conflict, InputError, NotFound, Refused, SphinxError
    from sphinx_lib.kernel.money import Money
    from sphinx_lib.kernel.ports import Actor

_WHERE = {
    "Actor": "kernel.ports",
    "ConfigError": "kernel.errors",
    "Conflict": "kernel.errors",
    "Extension": "app.registry",
    "InputError": "kernel.errors",
    "Money": "kernel.money",
    "NotFound": "kernel.errors",
    "Refused": "kernel.errors",
    "Session": "app.session",
    "Sphinx": "app.sphinx",
    "SphinxError": "kernel.errors",
}

__all__ = [
    "Actor",
    "ConfigError",
    "Conflict",
    "Extension",
    "InputError",
    "Money",
    "NotFound",
    "Refused",
    "Session",
    "Sphinx",
    "SphinxError",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
