"""who may do what: names in scopes, policies of servers, blocks and the audit log"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_NOW = sa.text("now()")

# Everyone may go on calling the personalities that have a part in a server.
_ADMIT = """
INSERT INTO admissions (guild_id, personality_id)
SELECT guild_id, personality_id FROM activated_channels
UNION
SELECT b.guild_id, m.personality_id FROM board_members m JOIN boards b ON b.id = m.board_id
UNION
SELECT guild_id, personality_id FROM conversation_history
WHERE role = 'assistant' AND guild_id IS NOT NULL AND personality_id IS NOT NULL
AND created_at > now() - interval '90 days'
ON CONFLICT DO NOTHING
"""


def _timestamp(name: str, *, nullable: bool = False) -> sa.Column[object]:
    default = None if nullable else _NOW
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "server_policies",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("bring", sa.Text(), server_default="everyone", nullable=False),
        sa.Column("channel_mode", sa.Text(), server_default="all", nullable=False),
        sa.Column(
            "channel_ids",
            postgresql.ARRAY(sa.BigInteger()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        *(
            sa.Column(name, sa.Boolean(), server_default="true", nullable=False)
            for name in ("allows_public", "allows_age_restricted", "keeps_memories")
        ),
        sa.Column("answers_per_hour", sa.Integer(), nullable=True),
        _timestamp("left_at", nullable=True),
        sa.CheckConstraint(
            "bring IN ('everyone', 'moderators', 'nobody')", name=op.f("ck_server_policies_bring")
        ),
        sa.CheckConstraint(
            "channel_mode IN ('all', 'only', 'except')",
            name=op.f("ck_server_policies_channel_mode"),
        ),
        sa.CheckConstraint(
            "answers_per_hour > 0", name=op.f("ck_server_policies_answers_per_hour")
        ),
        sa.PrimaryKeyConstraint("guild_id", name=op.f("pk_server_policies")),
    )
    op.create_table(
        "admissions",
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("admitted_by", sa.BigInteger(), nullable=True),
        _timestamp("created_at"),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_admissions_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("guild_id", "personality_id", name=op.f("pk_admissions")),
    )
    op.create_index("ix_admissions_personality_id", "admissions", ["personality_id"])
    op.create_table(
        "blocks",
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=True),
        sa.Column("personality_id", sa.Uuid(), nullable=True),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("maker_id", sa.Uuid(), nullable=True),
        sa.Column("is_mute", sa.Boolean(), server_default="false", nullable=False),
        _timestamp("ends_at", nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_by", sa.BigInteger(), nullable=True),
        _timestamp("created_at"),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "(level = 'server') = (guild_id IS NOT NULL)", name=op.f("ck_blocks_server")
        ),
        sa.CheckConstraint(
            "(level = 'maker') = (maker_id IS NOT NULL)", name=op.f("ck_blocks_maker")
        ),
        sa.CheckConstraint(
            "num_nulls(target_id, personality_id) = 1", name=op.f("ck_blocks_one_target")
        ),
        sa.ForeignKeyConstraint(
            ["maker_id"], ["users.id"], name=op.f("fk_blocks_maker_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_blocks_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
    )
    op.create_index(
        "uq_blocks_target",
        "blocks",
        ["level", "guild_id", "maker_id", "target", "target_id", "personality_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    for column in ("target_id", "maker_id", "personality_id"):
        op.create_index(f"ix_blocks_{column}", "blocks", [column])
    op.create_table(
        "audit_log",
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        _timestamp("created_at"),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_created_at", "audit_log", ["created_at"])
    op.create_index("ix_audit_log_guild_id", "audit_log", ["guild_id", "created_at"])
    op.create_table(
        "sent_notices",
        sa.Column("discord_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _timestamp("sent_at"),
        sa.PrimaryKeyConstraint("discord_id", "reason", name=op.f("pk_sent_notices")),
    )
    _name_by_maker()
    op.execute(_ADMIT)


def _name_by_maker() -> None:
    """Let names be unique for their maker: the first owner of a personality."""
    op.add_column("personalities", sa.Column("maker_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_personalities_maker_id_users"),
        "personalities",
        "users",
        ["maker_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.execute(
        "UPDATE personalities p SET maker_id = (SELECT o.user_id FROM personality_owners o "
        "WHERE o.personality_id = p.id ORDER BY o.created_at, o.user_id LIMIT 1)"
    )
    op.drop_index("uq_personalities_name", table_name="personalities")
    op.create_index(
        "uq_personalities_maker_id_name",
        "personalities",
        ["maker_id", sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("ix_personalities_name", "personalities", [sa.text("lower(name)")])
    op.drop_index("uq_personality_aliases_alias", table_name="personality_aliases")
    op.create_index(
        "uq_personality_aliases_alias",
        "personality_aliases",
        ["personality_id", sa.text("lower(alias)")],
        unique=True,
    )
    op.create_index(
        "ix_personality_aliases_alias", "personality_aliases", [sa.text("lower(alias)")]
    )


def downgrade() -> None:
    # Names and aliases that are not unique any more get a part of their id.
    op.execute(
        "UPDATE personalities p SET name = left(name, 70) || ' ' || left(id::text, 8) "
        "WHERE deleted_at IS NULL AND EXISTS (SELECT FROM personalities o WHERE o.deleted_at "
        "IS NULL AND lower(o.name) = lower(p.name) AND o.id < p.id)"
    )
    op.execute(
        "DELETE FROM personality_aliases a USING personality_aliases o "
        "WHERE lower(o.alias) = lower(a.alias) AND o.id < a.id"
    )
    op.drop_index("ix_personality_aliases_alias", table_name="personality_aliases")
    op.drop_index("uq_personality_aliases_alias", table_name="personality_aliases")
    op.create_index(
        "uq_personality_aliases_alias",
        "personality_aliases",
        [sa.text("lower(alias)")],
        unique=True,
    )
    op.drop_index("ix_personalities_name", table_name="personalities")
    op.drop_index("uq_personalities_maker_id_name", table_name="personalities")
    op.create_index(
        "uq_personalities_name",
        "personalities",
        [sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_constraint(op.f("fk_personalities_maker_id_users"), "personalities")
    op.drop_column("personalities", "maker_id")
    for table in ("sent_notices", "audit_log", "blocks", "admissions", "server_policies"):
        op.drop_table(table)
