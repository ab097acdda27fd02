"""personalities may be copied where their makers allow it"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("personalities", sa.Column("origin", sa.Text(), nullable=True))
    op.add_column(
        "personalities",
        sa.Column("copy_allowed", sa.Boolean(), server_default="false", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("personalities", "copy_allowed")
    op.drop_column("personalities", "origin")
