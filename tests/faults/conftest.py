"""Faults are provoked on the same databases as the tests of the store."""

from tests.store.conftest import app, file_app, postgres_template

__all__ = ["app", "file_app", "postgres_template"]
