"""facts, and summaries of sittings"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
# A summary of what was forgotten or corrected goes.
_FUNCTION = """
CREATE FUNCTION drop_sitting_summaries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM sitting_summaries WHERE session_id IN (SELECT session_id FROM old_rows);
    ELSE
        DELETE FROM sitting_summaries WHERE session_id IN (
            SELECT o.session_id FROM old_rows o JOIN new_rows n ON n.id = o.id
            WHERE o.content <> n.content
        );
    END IF;
    RETURN NULL;
END $$
"""
_ON_DELETE = """
CREATE TRIGGER drop_sitting_summaries_on_delete AFTER DELETE ON memories
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION drop_sitting_summaries()
"""
_ON_UPDATE = """
CREATE TRIGGER drop_sitting_summaries_on_update AFTER UPDATE ON memories
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION drop_sitting_summaries()
"""


def upgrade() -> None:
    op.add_column(
        "memories", sa.Column("is_unread", sa.Boolean(), server_default="false", nullable=False)
    )
    op.create_index(
        "ix_memories_unread",
        "memories",
        ["personality_id", "user_id", "channel_id", "created_at"],
        postgresql_where=sa.text("is_unread"),
    )
    op.create_table(
        "facts",
        sa.Column("memory_id", sa.UUID(), nullable=False),
        sa.Column("personality_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("told_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("since", _TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("until", _TIME, nullable=True),
        sa.Column("confidence", sa.Float(), server_default="1", nullable=False),
        sa.Column("is_about_personality", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_edited", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.func.now(), nullable=False),
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_facts_confidence")),
        sa.CheckConstraint("until > since", name=op.f("ck_facts_until_is_later")),
        sa.ForeignKeyConstraint(
            ["memory_id"],
            ["memories.id"],
            name=op.f("fk_facts_memory_id_memories"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_facts_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_facts_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facts")),
    )
    op.create_index(op.f("ix_facts_memory_id"), "facts", ["memory_id"])
    op.create_index(op.f("ix_facts_user_id"), "facts", ["user_id"])
    op.create_index("ix_facts_personality_id_user_id", "facts", ["personality_id", "user_id"])
    op.create_index(
        "ix_facts_about_personality",
        "facts",
        ["personality_id"],
        postgresql_where=sa.text("is_about_personality"),
    )
    op.create_table(
        "sitting_summaries",
        sa.Column("session_id", sa.UUID(), nullable=False),
        sa.Column("personality_id", sa.UUID(), nullable=False),
        sa.Column("user_id", sa.UUID(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("age_restricted", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_sitting_summaries_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_sitting_summaries_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sitting_summaries")),
    )
    op.create_index(op.f("ix_sitting_summaries_user_id"), "sitting_summaries", ["user_id"])
    op.create_index(
        "ix_sitting_summaries_channel",
        "sitting_summaries",
        ["personality_id", "channel_id", "started_at"],
    )
    for statement in (_FUNCTION, _ON_DELETE, _ON_UPDATE):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TRIGGER drop_sitting_summaries_on_update ON memories")
    op.execute("DROP TRIGGER drop_sitting_summaries_on_delete ON memories")
    op.execute("DROP FUNCTION drop_sitting_summaries()")
    op.drop_table("sitting_summaries")
    op.drop_table("facts")
    op.drop_index("ix_memories_unread", "memories")
    op.drop_column("memories", "is_unread")
