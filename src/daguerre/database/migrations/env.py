"""Alembic's way in: runs on the connection that :class:`daguerre.database.interface.Database` hands over."""

from alembic import context

from daguerre.database.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
