"""lorebooks and their entries"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lorebooks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("maker_id", sa.Uuid(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("persona_id", sa.Uuid(), nullable=True),
        sa.Column("personality_id", sa.Uuid(), nullable=True),
        sa.Column("enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "document", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(scope = 'channel') = (channel_id IS NOT NULL) AND (scope = 'persona') = (persona_id IS NOT NULL) AND (scope = 'personality') = (personality_id IS NOT NULL) AND (scope <> 'server' OR guild_id IS NOT NULL) AND (scope IN ('server', 'channel') OR guild_id IS NULL)",
            name=op.f("ck_lorebooks_one_target"),
        ),
        sa.CheckConstraint(
            "scope IN ('channel', 'persona', 'personality', 'server', 'everywhere')",
            name=op.f("ck_lorebooks_scope"),
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 80", name=op.f("ck_lorebooks_name_length")
        ),
        sa.ForeignKeyConstraint(
            ["maker_id"],
            ["users.id"],
            name=op.f("fk_lorebooks_maker_id_users"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["persona_id"],
            ["personas.id"],
            name=op.f("fk_lorebooks_persona_id_personas"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_lorebooks_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lorebooks")),
    )
    op.create_index("ix_lorebooks_channel_id", "lorebooks", ["channel_id"], unique=False)
    op.create_index("ix_lorebooks_guild_id", "lorebooks", ["guild_id"], unique=False)
    op.create_index("ix_lorebooks_maker_id", "lorebooks", ["maker_id"], unique=False)
    op.create_index("ix_lorebooks_persona_id", "lorebooks", ["persona_id"], unique=False)
    op.create_index("ix_lorebooks_personality_id", "lorebooks", ["personality_id"], unique=False)
    op.create_table(
        "lore_entries",
        sa.Column("lorebook_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["lorebook_id"],
            ["lorebooks.id"],
            name=op.f("fk_lore_entries_lorebook_id_lorebooks"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lore_entries")),
    )
    op.create_index(
        "ix_lore_entries_lorebook_id_position",
        "lore_entries",
        ["lorebook_id", "position"],
        unique=False,
    )
    op.create_table(
        "lore_timers",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("sticky_until", sa.BigInteger(), nullable=False),
        sa.Column("cooldown_until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["lore_entries.id"],
            name=op.f("fk_lore_timers_entry_id_lore_entries"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_lore_timers_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "channel_id", "personality_id", "entry_id", name=op.f("pk_lore_timers")
        ),
    )
    op.create_index(
        op.f("ix_lore_timers_personality_id"), "lore_timers", ["personality_id"], unique=False
    )
    op.create_index(op.f("ix_lore_timers_entry_id"), "lore_timers", ["entry_id"], unique=False)


def downgrade() -> None:
    op.drop_table("lore_timers")
    op.drop_table("lore_entries")
    op.drop_table("lorebooks")
