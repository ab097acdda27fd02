"""what a chosen model makes of memories"""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("memories", sa.Column("model_embedding", Vector(), nullable=True))
    op.add_column("memories", sa.Column("embedder", sa.Text(), nullable=True))
    op.create_index("ix_memories_embedder_created_at", "memories", ["embedder", "created_at"])


def downgrade() -> None:
    op.drop_index("ix_memories_embedder_created_at", "memories")
    op.drop_column("memories", "embedder")
    op.drop_column("memories", "model_embedding")
