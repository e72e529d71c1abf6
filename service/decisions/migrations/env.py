"""Runs the steps on the connection that `service.decisions.database` hands over."""

from alembic import context

from service.decisions.tables import metadata
from service.teaching import tables  # noqa: F401, its table is one of the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
