"""Alembic's environment, run in-process by ``Sphinx.migrate()`` on the connection it is given."""

from __future__ import annotations

from alembic import context

from sphinx_lib.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    version_table="sphinx_lib_version",
)
with context.begin_transaction():
    context.run_migrations()
