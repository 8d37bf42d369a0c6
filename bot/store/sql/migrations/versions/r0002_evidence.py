"""Deliveries keep their evidence, to be put into words where it is shown."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; older rows keep the words in their body."""
    op.add_column("deliveries", sa.Column("evidence", sa.Text))
