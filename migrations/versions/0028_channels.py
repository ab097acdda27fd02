"""how personalities speak in a channel, and in which language"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "channel_settings",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("chattiness", sa.Integer(), server_default="100", nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_until", sa.Integer(), nullable=True),
        sa.Column("cooldown_seconds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("callers", sa.Text(), server_default="everyone", nullable=False),
        sa.Column("caller_role_id", sa.BigInteger(), nullable=True),
        sa.Column("threads_by_name", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("max_answers", sa.Integer(), server_default="3", nullable=False),
        sa.Column("max_turns", sa.Integer(), server_default="2", nullable=False),
        sa.Column("scene_place", sa.Text(), server_default="", nullable=False),
        sa.Column("scene_time", sa.Text(), server_default="", nullable=False),
        sa.Column("scene_tone", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "chattiness BETWEEN 0 AND 100", name=op.f("ck_channel_settings_chattiness")
        ),
        sa.CheckConstraint(
            "callers IN ('everyone', 'moderators', 'role')",
            name=op.f("ck_channel_settings_callers"),
        ),
        sa.CheckConstraint(
            "max_answers BETWEEN 1 AND 5", name=op.f("ck_channel_settings_max_answers")
        ),
        sa.CheckConstraint("max_turns BETWEEN 0 AND 5", name=op.f("ck_channel_settings_max_turns")),
        sa.CheckConstraint(
            "quiet_from BETWEEN 0 AND 23 AND quiet_until BETWEEN 0 AND 23",
            name=op.f("ck_channel_settings_quiet_hours"),
        ),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_channel_settings")),
    )
    op.create_index(op.f("ix_channel_settings_guild_id"), "channel_settings", ["guild_id"])
    op.add_column(
        "personalities", sa.Column("language", sa.Text(), server_default="", nullable=False)
    )
    op.add_column(
        "personalities",
        sa.Column("may_react", sa.Boolean(), server_default="false", nullable=False),
    )


def downgrade() -> None:
    op.drop_column("personalities", "may_react")
    op.drop_column("personalities", "language")
    op.drop_table("channel_settings")
