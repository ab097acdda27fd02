"""memories of age-restricted channels, edited memories, and people who were forgotten"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("age_restricted", "is_edited"):
        op.add_column(
            "memories", sa.Column(name, sa.Boolean(), server_default="false", nullable=False)
        )
    # What was said to a personality that only speaks in age-restricted channels was said there.
    op.execute(
        "UPDATE memories m SET age_restricted = true FROM personalities p "
        "WHERE p.id = m.personality_id AND p.age_restricted AND m.venue <> 'dm'"
    )
    op.create_table(
        "forgotten_people",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column(
            "forgotten_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_forgotten_people")),
    )
    op.create_index(
        "ix_conversation_history_deleted_at",
        "conversation_history",
        ["deleted_at"],
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_conversation_history_deleted_at",
        table_name="conversation_history",
        postgresql_where=sa.text("deleted_at IS NOT NULL"),
    )
    op.drop_table("forgotten_people")
    op.drop_column("memories", "is_edited")
    op.drop_column("memories", "age_restricted")
