"""whether the channel of a board is public"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "boards", sa.Column("is_public", sa.Boolean(), server_default="false", nullable=False)
    )
    op.create_index("ix_memories_channel_id", "memories", ["channel_id"])


def downgrade() -> None:
    op.drop_index("ix_memories_channel_id", "memories")
    op.drop_column("boards", "is_public")
