"""answers have takes that are turned like pages, and ratings"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "conversation_history",
        sa.Column("take", sa.Integer(), server_default="0", nullable=False),
    )
    op.create_table(
        "answer_takes",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("provenance", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["conversation_history.id"],
            name=op.f("fk_answer_takes_line_id_conversation_history"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_takes")),
        sa.UniqueConstraint("line_id", "number", name=op.f("uq_answer_takes_line_id_number")),
    )
    op.create_table(
        "answer_ratings",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("is_liked", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["conversation_history.id"],
            name=op.f("fk_answer_ratings_line_id_conversation_history"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_answer_ratings_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_answer_ratings_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_ratings")),
        sa.UniqueConstraint(
            "line_id", "user_id", "model", name=op.f("uq_answer_ratings_line_id_user_id_model")
        ),
    )
    op.create_index(op.f("ix_answer_ratings_personality_id"), "answer_ratings", ["personality_id"])
    op.create_index(op.f("ix_answer_ratings_user_id"), "answer_ratings", ["user_id"])


def downgrade() -> None:
    op.drop_table("answer_ratings")
    op.drop_table("answer_takes")
    op.drop_column("conversation_history", "take")
