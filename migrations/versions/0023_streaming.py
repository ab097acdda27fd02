"""answers are shown while they are written"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_SWITCHED = ("users", "personalities", "server_policies")


def upgrade() -> None:
    op.add_column("open_answers", sa.Column("draft_id", sa.Uuid(), nullable=True))
    op.add_column(
        "open_answers",
        sa.Column(
            "draft_message_ids",
            sa.ARRAY(sa.BigInteger()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column(
        "open_answers",
        sa.Column("is_answered", sa.Boolean(), server_default="false", nullable=False),
    )
    for table in _SWITCHED:
        op.add_column(
            table,
            sa.Column("streams_answers", sa.Boolean(), server_default="true", nullable=False),
        )


def downgrade() -> None:
    for table in _SWITCHED:
        op.drop_column(table, "streams_answers")
    op.drop_column("open_answers", "is_answered")
    op.drop_column("open_answers", "draft_message_ids")
    op.drop_column("open_answers", "draft_id")
