"""how long what was said is kept"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("default_history_days", sa.Integer(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_history_days", sa.Integer(), server_default="0", nullable=False),
        sa.Column("announced_memory_days", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_retention_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention")),
    )
    # What people have said in a database that they use already is kept as it was.
    op.execute(
        "INSERT INTO retention (id, default_history_days) "
        "SELECT 1, CASE WHEN EXISTS (SELECT FROM users) THEN 0 ELSE 180 END"
    )
    op.create_table(
        "usage_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("tokens_in", sa.BigInteger(), nullable=False),
        sa.Column("tokens_cached", sa.BigInteger(), nullable=False),
        sa.Column("tokens_out", sa.BigInteger(), nullable=False),
        sa.Column("cost_usd", sa.Numeric(14, 6), nullable=False),
        sa.Column("own_keys_usd", sa.Numeric(14, 6), nullable=False),
        sa.PrimaryKeyConstraint("day", "model", "purpose", name=op.f("pk_usage_days")),
    )
    op.add_column(
        "server_policies", sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True)
    )
    # A server without a row here would not be noticed when the bot has left it.
    op.execute(
        "INSERT INTO server_policies (guild_id) "
        "SELECT guild_id FROM conversation_history WHERE guild_id IS NOT NULL "
        "UNION SELECT guild_id FROM memories WHERE guild_id IS NOT NULL "
        "UNION SELECT guild_id FROM boards UNION SELECT guild_id FROM activated_channels "
        "UNION SELECT guild_id FROM admissions ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    op.drop_column("server_policies", "forgotten_at")
    op.drop_table("usage_days")
    op.drop_table("retention")
