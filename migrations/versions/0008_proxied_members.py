"""the accounts of proxied members"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("account_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_users_account_id",
        "users",
        ["account_id"],
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_users_account_id",
        table_name="users",
        postgresql_where=sa.text("account_id IS NOT NULL"),
    )
    op.drop_column("users", "account_id")
