"""Alembic's entry: runs revisions on the connection that ``parallab.hub.database`` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table="parallab_class_version")
context.run_migrations()
