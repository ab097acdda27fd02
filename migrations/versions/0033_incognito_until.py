"""an end of incognito mode, fresh starts, and whose words a memory has"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("incognito_until", "fresh_until"):
        op.add_column("users", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("memories", sa.Column("author_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_memories_author_id",
        "memories",
        ["author_id"],
        postgresql_where=sa.text("author_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_memories_author_id", "memories")
    op.drop_column("memories", "author_id")
    for name in ("incognito_until", "fresh_until"):
        op.drop_column("users", name)
