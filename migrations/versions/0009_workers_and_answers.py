"""the worker of a job, when it last crashed, and answers in progress"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("worker", sa.Uuid(), nullable=True), schema="jobs")
    op.add_column(
        "jobs", sa.Column("crashed_at", sa.DateTime(timezone=True), nullable=True), schema="jobs"
    )
    op.create_table(
        "open_answers",
        sa.Column("message_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_open_answers")),
    )
    op.add_column(
        "conversation_history",
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )


def downgrade() -> None:
    op.drop_column("conversation_history", "parts")
    op.drop_table("open_answers")
    op.drop_column("jobs", "crashed_at", schema="jobs")
    op.drop_column("jobs", "worker", schema="jobs")
