"""what users have told one of their own personalities, known to all of them, and how often memories are recalled"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("shares_memories", sa.Boolean(), server_default="false", nullable=False)
    )
    op.add_column(
        "memories", sa.Column("recalled_days", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("memories", sa.Column("recalled_on", sa.Date(), nullable=True))
    # Facts had it for a while, and nothing ever read it.
    op.execute("ALTER TABLE facts DROP COLUMN IF EXISTS is_extracted")


def downgrade() -> None:
    op.drop_column("memories", "recalled_on")
    op.drop_column("memories", "recalled_days")
    op.drop_column("users", "shares_memories")
