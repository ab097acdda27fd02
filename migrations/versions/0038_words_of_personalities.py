"""the words of memories are looked up among those of one personality"""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_OF_ONE = "(words || array_to_tsvector(ARRAY[personality_id::text]))"


def upgrade() -> None:
    op.drop_index("ix_memories_words", table_name="memories")
    op.execute(f"CREATE INDEX ix_memories_words ON memories USING gin ({_OF_ONE})")


def downgrade() -> None:
    op.drop_index("ix_memories_words", table_name="memories")
    op.create_index("ix_memories_words", "memories", ["words"], postgresql_using="gin")
