"""memories are found by their words in any language"""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import SPARSEVEC

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_INDEXES = {"dm": "user_id", "private": "channel_id", "public": "guild_id"}


def upgrade() -> None:
    # The terms of what is there are computed in the background.
    op.add_column("memories", sa.Column("terms", SPARSEVEC(1_000_000_000), nullable=True))
    op.add_column("memories", sa.Column("updates_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_memories_updates_id_memories"),
        *("memories", "memories", ["updates_id"], ["id"]),
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_memories_updates_id",
        "memories",
        ["updates_id"],
        postgresql_where=sa.text("updates_id IS NOT NULL"),
    )
    for venue, column in _INDEXES.items():
        op.create_index(
            f"ix_memories_{venue}",
            "memories",
            ["personality_id", column, "created_at"],
            postgresql_where=sa.text(f"venue = '{venue}'"),
        )
    # What each search reads of every memory in reach stays in its row; the text may leave it.
    for column in ("embedding", "terms"):
        op.execute(f"ALTER TABLE memories ALTER COLUMN {column} SET STORAGE MAIN")


def downgrade() -> None:
    op.execute("ALTER TABLE memories ALTER COLUMN embedding SET STORAGE EXTERNAL")
    for venue in _INDEXES:
        op.drop_index(f"ix_memories_{venue}", "memories")
    op.drop_index("ix_memories_updates_id", "memories")
    op.drop_constraint(op.f("fk_memories_updates_id_memories"), "memories", type_="foreignkey")
    op.drop_column("memories", "updates_id")
    op.drop_column("memories", "terms")
