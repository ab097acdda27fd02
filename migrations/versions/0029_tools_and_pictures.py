"""models call tools, and personalities send pictures"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("personalities", sa.Column("tools", postgresql.JSONB(), nullable=True))
    op.add_column(
        "server_policies",
        sa.Column(
            "forbidden_tools", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
        ),
    )
    op.add_column(
        "conversation_history",
        sa.Column("is_picture", sa.Boolean(), server_default="false", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("conversation_history", "is_picture")
    op.drop_column("server_policies", "forbidden_tools")
    op.drop_column("personalities", "tools")
