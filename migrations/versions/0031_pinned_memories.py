"""memories that stand in every prompt"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "memories", sa.Column("is_pinned", sa.Boolean(), server_default="false", nullable=False)
    )
    op.create_index(
        "ix_memories_pinned",
        "memories",
        ["user_id", "personality_id"],
        postgresql_where=sa.text("is_pinned"),
    )


def downgrade() -> None:
    op.drop_index("ix_memories_pinned", "memories")
    op.drop_column("memories", "is_pinned")
