"""photos and social posts"""

import pgvector.sqlalchemy
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_windows",
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("resets_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("vendor", "seconds", name=op.f("pk_rate_windows")),
    )
    op.create_table(
        "social_targets",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("is_public", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
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
            "(kind = 'discord') = (guild_id IS NOT NULL)", name=op.f("ck_social_targets_guild")
        ),
        sa.CheckConstraint("kind IN ('discord', 'buffer')", name=op.f("ck_social_targets_kind")),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_social_targets_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_social_targets")),
    )
    op.create_index(
        "uq_social_targets_personality_id_kind_remote_id",
        "social_targets",
        ["personality_id", "kind", "remote_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "photos",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("storage_key", sa.Text(), nullable=False),
        sa.Column("thumbnail_key", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("perceptual_hash", pgvector.sqlalchemy.bit.BIT(length=256), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=True),
        sa.Column("is_made", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("alt_text", sa.Text(), server_default="", nullable=False),
        sa.Column("embedding", pgvector.sqlalchemy.vector.VECTOR(dim=1152), nullable=True),
        sa.Column("embedding_model", sa.Text(), nullable=True),
        sa.Column("added_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["added_by"], ["users.id"], name=op.f("fk_photos_added_by_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_photos_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.UniqueConstraint(
            "personality_id", "sha256", name=op.f("uq_photos_personality_id_sha256")
        ),
        sa.UniqueConstraint("storage_key", name=op.f("uq_photos_storage_key")),
        sa.UniqueConstraint("thumbnail_key", name=op.f("uq_photos_thumbnail_key")),
    )
    op.create_index(
        "ix_photos_embedding",
        "photos",
        ["embedding"],
        unique=False,
        postgresql_using="hnsw",
        postgresql_ops={"embedding": "vector_cosine_ops"},
    )
    op.create_index("ix_photos_embedding_model", "photos", ["embedding_model"], unique=False)
    op.create_index(
        "ix_photos_personality_id_created_at",
        "photos",
        ["personality_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "social_slots",
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("minute", sa.SmallInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("minute BETWEEN 0 AND 1439", name=op.f("ck_social_slots_minute")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_social_slots_weekday")),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["social_targets.id"],
            name=op.f("fk_social_slots_target_id_social_targets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_social_slots")),
        sa.UniqueConstraint(
            "target_id", "weekday", "minute", name=op.f("uq_social_slots_target_id_weekday_minute")
        ),
    )
    op.create_table(
        "social_posts",
        sa.Column("photo_id", sa.Uuid(), nullable=False),
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=True),
        sa.Column("caption", sa.Text(), server_default="", nullable=False),
        sa.Column("first_comment", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="draft", nullable=False),
        sa.Column("scheduled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("buffer_post_id", sa.Text(), nullable=True),
        sa.Column("discord_message_id", sa.BigInteger(), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("sent_revision", sa.Integer(), nullable=True),
        sa.Column("fingerprint", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("sending_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
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
            "(status = 'posted') = (posted_at IS NOT NULL)", name=op.f("ck_social_posts_posted")
        ),
        sa.CheckConstraint(
            "status <> 'sending' OR (fingerprint IS NOT NULL AND sending_at IS NOT NULL)",
            name=op.f("ck_social_posts_sending"),
        ),
        sa.CheckConstraint(
            "status = 'draft' OR (target_id IS NOT NULL AND scheduled_at IS NOT NULL)",
            name=op.f("ck_social_posts_has_target_and_time"),
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'scheduled', 'sending', 'posted', 'failed', 'unconfirmed')",
            name=op.f("ck_social_posts_status"),
        ),
        sa.ForeignKeyConstraint(
            ["created_by"],
            ["users.id"],
            name=op.f("fk_social_posts_created_by_users"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_social_posts_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"],
            ["photos.id"],
            name=op.f("fk_social_posts_photo_id_photos"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["social_targets.id"],
            name=op.f("fk_social_posts_target_id_social_targets"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_social_posts")),
        sa.UniqueConstraint("buffer_post_id", name=op.f("uq_social_posts_buffer_post_id")),
        sa.UniqueConstraint("discord_message_id", name=op.f("uq_social_posts_discord_message_id")),
        sa.UniqueConstraint("photo_id", name=op.f("uq_social_posts_photo_id")),
    )
    op.create_index(
        "ix_social_posts_personality_id_scheduled_at",
        "social_posts",
        ["personality_id", "scheduled_at"],
        unique=False,
    )
    op.create_index(
        "ix_social_posts_target_id_status", "social_posts", ["target_id", "status"], unique=False
    )
    op.create_index(
        "uq_social_posts_target_id_scheduled_at",
        "social_posts",
        ["target_id", "scheduled_at"],
        unique=True,
        postgresql_where=sa.text("status IN ('scheduled', 'sending', 'unconfirmed')"),
    )
    op.add_column("engine_acts", sa.Column("social_post_id", sa.Uuid(), nullable=True))
    op.alter_column("engine_acts", "board_id", existing_type=sa.UUID(), nullable=True)
    op.create_unique_constraint(
        op.f("uq_engine_acts_social_post_id"), "engine_acts", ["social_post_id"]
    )
    op.create_foreign_key(
        op.f("fk_engine_acts_social_post_id_social_posts"),
        "engine_acts",
        "social_posts",
        ["social_post_id"],
        ["id"],
        ondelete="CASCADE",
    )
    op.drop_constraint(op.f("ck_engine_acts_action_type"), "engine_acts", type_="check")
    op.create_check_constraint(
        op.f("ck_engine_acts_action_type"),
        "engine_acts",
        "action_type IN ('viewed', 'commented', 'posted', 'voted', 'replied', 'shared')",
    )
    op.create_check_constraint(
        op.f("ck_engine_acts_has_board"),
        "engine_acts",
        "(action_type = 'shared') = (board_id IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_engine_acts_shared"),
        "engine_acts",
        "(action_type = 'shared') = (social_post_id IS NOT NULL)",
    )
    op.add_column("users", sa.Column("time_zone", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "time_zone")
    op.execute("DELETE FROM engine_acts WHERE action_type = 'shared'")
    op.drop_constraint(op.f("ck_engine_acts_shared"), "engine_acts", type_="check")
    op.drop_constraint(op.f("ck_engine_acts_has_board"), "engine_acts", type_="check")
    op.drop_constraint(op.f("ck_engine_acts_action_type"), "engine_acts", type_="check")
    op.create_check_constraint(
        op.f("ck_engine_acts_action_type"),
        "engine_acts",
        "action_type IN ('viewed', 'commented', 'posted', 'voted', 'replied')",
    )
    op.drop_constraint(
        op.f("fk_engine_acts_social_post_id_social_posts"), "engine_acts", type_="foreignkey"
    )
    op.drop_constraint(op.f("uq_engine_acts_social_post_id"), "engine_acts", type_="unique")
    op.alter_column("engine_acts", "board_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("engine_acts", "social_post_id")
    op.drop_index(
        "uq_social_posts_target_id_scheduled_at",
        table_name="social_posts",
        postgresql_where=sa.text("status IN ('scheduled', 'sending', 'unconfirmed')"),
    )
    op.drop_index("ix_social_posts_target_id_status", table_name="social_posts")
    op.drop_index("ix_social_posts_personality_id_scheduled_at", table_name="social_posts")
    op.drop_table("social_posts")
    op.drop_table("social_slots")
    op.drop_index("ix_photos_personality_id_created_at", table_name="photos")
    op.drop_index("ix_photos_embedding_model", table_name="photos")
    op.drop_index(
        "ix_photos_embedding",
        table_name="photos",
        postgresql_using="hnsw",
        postgresql_ops={"embedding": "vector_cosine_ops"},
    )
    op.drop_table("photos")
    op.drop_index(
        "uq_social_targets_personality_id_kind_remote_id",
        table_name="social_targets",
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.drop_table("social_targets")
    op.drop_table("rate_windows")
