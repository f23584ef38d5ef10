"""The public names: few, all there, and loaded when first used (architecture 4.19)."""

from __future__ import annotations

import sphinx_lib


def test_every_public_name_is_there_and_there_are_at_most_25() -> None:
    assert len(sphinx_lib.__all__) <= 25
    assert all(getattr(sphinx_lib, name) is not None for name in sphinx_lib.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(sphinx_lib, "Sphynx")
