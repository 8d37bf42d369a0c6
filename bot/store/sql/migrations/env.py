"""What Alembic runs: the revisions, on the connection that `bot.store.migration` opened."""

from alembic import context

from bot.store.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
