"""publications wait for the maker's review, and faces are looked at"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("faces", sa.Column("is_explicit", sa.Boolean(), nullable=True))
    op.add_column(
        "publish_attempts",
        sa.Column("wants_review", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "publish_attempts",
        sa.Column("assessment", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.drop_constraint(op.f("ck_publish_attempts_status"), "publish_attempts", type_="check")
    op.create_check_constraint(
        op.f("ck_publish_attempts_status"),
        "publish_attempts",
        "status IN ('pending', 'running', 'review', 'done', 'failed', 'cancelled')",
    )


def downgrade() -> None:
    op.execute("UPDATE publish_attempts SET status = 'cancelled' WHERE status = 'review'")
    op.drop_constraint(op.f("ck_publish_attempts_status"), "publish_attempts", type_="check")
    op.create_check_constraint(
        op.f("ck_publish_attempts_status"),
        "publish_attempts",
        "status IN ('pending', 'running', 'done', 'failed', 'cancelled')",
    )
    op.drop_column("publish_attempts", "assessment")
    op.drop_column("publish_attempts", "wants_review")
    op.drop_column("faces", "is_explicit")
