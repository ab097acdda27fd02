"""the house"""

import pgvector.sqlalchemy
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.create_table(
        "optouts",
        sa.Column("discord_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("discord_id", name=op.f("pk_optouts")),
    )
    op.create_table(
        "synced_commands",
        sa.Column("application_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column(
            "synced_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("application_id", name=op.f("pk_synced_commands")),
    )
    op.create_table(
        "system_prompts",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_default", sa.Boolean(), server_default="false", nullable=False),
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
            "char_length(name) BETWEEN 1 AND 80", name=op.f("ck_system_prompts_name_length")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_system_prompts")),
    )
    op.create_index(
        "uq_system_prompts_default",
        "system_prompts",
        ["is_default"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_index(
        "uq_system_prompts_name", "system_prompts", [sa.literal_column("lower(name)")], unique=True
    )
    op.create_table(
        "personalities",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("visibility", sa.Text(), server_default="unlisted", nullable=False),
        sa.Column("age_restricted", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("system_prompt_id", sa.Uuid(), nullable=True),
        sa.Column("character_info", sa.Text(), server_default="", nullable=False),
        sa.Column("personality_traits", sa.Text(), server_default="", nullable=False),
        sa.Column("personality_tone", sa.Text(), nullable=True),
        sa.Column("personality_age", sa.Text(), nullable=True),
        sa.Column("personality_likes", sa.Text(), nullable=True),
        sa.Column("personality_dislikes", sa.Text(), nullable=True),
        sa.Column("conversational_goals", sa.Text(), nullable=True),
        sa.Column("conversational_examples", sa.Text(), nullable=True),
        sa.Column("first_message", sa.Text(), nullable=True),
        sa.Column("custom_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("voice_enabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("voice_settings", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("image_enabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("image_settings", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("memory_enabled", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("context_window_size", sa.Integer(), server_default="20", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
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
            "visibility IN ('private', 'unlisted', 'public')",
            name=op.f("ck_personalities_visibility"),
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 80", name=op.f("ck_personalities_name_length")
        ),
        sa.CheckConstraint(
            "context_window_size BETWEEN 2 AND 200",
            name=op.f("ck_personalities_context_window_size"),
        ),
        sa.ForeignKeyConstraint(
            ["system_prompt_id"],
            ["system_prompts.id"],
            name=op.f("fk_personalities_system_prompt_id_system_prompts"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personalities")),
        sa.UniqueConstraint("slug", name=op.f("uq_personalities_slug")),
    )
    op.create_index(
        "uq_personalities_name",
        "personalities",
        [sa.literal_column("lower(name)")],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "personality_aliases",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "char_length(alias) BETWEEN 1 AND 80", name=op.f("ck_personality_aliases_alias_length")
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_personality_aliases_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personality_aliases")),
    )
    op.create_index(
        op.f("ix_personality_aliases_personality_id"),
        "personality_aliases",
        ["personality_id"],
        unique=False,
    )
    op.create_index(
        "uq_personality_aliases_alias",
        "personality_aliases",
        [sa.literal_column("lower(alias)")],
        unique=True,
    )
    op.create_table(
        "personality_cards",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_personality_cards_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("personality_id", name=op.f("pk_personality_cards")),
    )
    op.create_table(
        "personality_versions",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_personality_versions_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("personality_id", "number", name=op.f("pk_personality_versions")),
    )
    op.create_table(
        "users",
        sa.Column("discord_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("incognito", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("incognito_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dm_personality_id", sa.Uuid(), nullable=True),
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
        sa.ForeignKeyConstraint(
            ["dm_personality_id"],
            ["personalities.id"],
            name=op.f("fk_users_dm_personality_id_personalities"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("discord_id", name=op.f("uq_users_discord_id")),
    )
    op.create_table(
        "activated_channels",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("activated_by", sa.Uuid(), nullable=True),
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
        sa.ForeignKeyConstraint(
            ["activated_by"],
            ["users.id"],
            name=op.f("fk_activated_channels_activated_by_users"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_activated_channels_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activated_channels")),
        sa.UniqueConstraint(
            "channel_id",
            "personality_id",
            name=op.f("uq_activated_channels_channel_id_personality_id"),
        ),
    )
    op.create_index(
        op.f("ix_activated_channels_guild_id"), "activated_channels", ["guild_id"], unique=False
    )
    op.create_index(
        op.f("ix_activated_channels_personality_id"),
        "activated_channels",
        ["personality_id"],
        unique=False,
    )
    op.create_table(
        "llm_calls",
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("tokens_in", sa.Integer(), nullable=False),
        sa.Column("tokens_cached", sa.Integer(), nullable=False),
        sa.Column("tokens_out", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Numeric(precision=12, scale=6, asdecimal=False), nullable=True),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("personality_id", sa.Uuid(), nullable=True),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_llm_calls_personality_id_personalities"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_llm_calls_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_llm_calls")),
    )
    op.create_index(op.f("ix_llm_calls_created_at"), "llm_calls", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_llm_calls_personality_id"), "llm_calls", ["personality_id"], unique=False
    )
    op.create_index(op.f("ix_llm_calls_user_id"), "llm_calls", ["user_id"], unique=False)
    op.create_table(
        "llm_configs",
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "is_global",
            sa.Boolean(),
            sa.Computed("owner_id IS NULL", persisted=True),
            nullable=False,
        ),
        sa.Column("is_default", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("vision_model", sa.Text(), nullable=True),
        sa.Column("fallback_model", sa.Text(), nullable=True),
        sa.Column("temperature", sa.Float(), nullable=True),
        sa.Column("top_p", sa.Float(), nullable=True),
        sa.Column("top_k", sa.Integer(), nullable=True),
        sa.Column("frequency_penalty", sa.Float(), nullable=True),
        sa.Column("presence_penalty", sa.Float(), nullable=True),
        sa.Column("repetition_penalty", sa.Float(), nullable=True),
        sa.Column("max_tokens", sa.Integer(), nullable=True),
        sa.Column("memory_score_threshold", sa.Float(), nullable=True),
        sa.Column("memory_limit", sa.Integer(), nullable=True),
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
            "NOT is_default OR owner_id IS NULL", name=op.f("ck_llm_configs_default_is_global")
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 80", name=op.f("ck_llm_configs_name_length")
        ),
        sa.CheckConstraint(
            "frequency_penalty BETWEEN -2 AND 2", name=op.f("ck_llm_configs_frequency_penalty")
        ),
        sa.CheckConstraint(
            "max_tokens BETWEEN 1 AND 32000", name=op.f("ck_llm_configs_max_tokens")
        ),
        sa.CheckConstraint(
            "memory_limit BETWEEN 0 AND 50", name=op.f("ck_llm_configs_memory_limit")
        ),
        sa.CheckConstraint(
            "memory_score_threshold BETWEEN 0 AND 1",
            name=op.f("ck_llm_configs_memory_score_threshold"),
        ),
        sa.CheckConstraint(
            "presence_penalty BETWEEN -2 AND 2", name=op.f("ck_llm_configs_presence_penalty")
        ),
        sa.CheckConstraint(
            "repetition_penalty BETWEEN 0 AND 2", name=op.f("ck_llm_configs_repetition_penalty")
        ),
        sa.CheckConstraint("temperature BETWEEN 0 AND 2", name=op.f("ck_llm_configs_temperature")),
        sa.CheckConstraint("top_k BETWEEN 1 AND 1000", name=op.f("ck_llm_configs_top_k")),
        sa.CheckConstraint("top_p BETWEEN 0 AND 1", name=op.f("ck_llm_configs_top_p")),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.id"],
            name=op.f("fk_llm_configs_owner_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_llm_configs")),
    )
    op.create_index(op.f("ix_llm_configs_owner_id"), "llm_configs", ["owner_id"], unique=False)
    op.create_index(
        "uq_llm_configs_default",
        "llm_configs",
        ["is_default"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_index(
        "uq_llm_configs_owner_id_name",
        "llm_configs",
        ["owner_id", sa.literal_column("lower(name)")],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "personality_owners",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), server_default="owner", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_personality_owners_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_personality_owners_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("personality_id", "user_id", name=op.f("pk_personality_owners")),
    )
    op.create_index(
        op.f("ix_personality_owners_user_id"), "personality_owners", ["user_id"], unique=False
    )
    op.create_table(
        "personas",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("preferred_name", sa.Text(), nullable=True),
        sa.Column("pronouns", sa.Text(), nullable=True),
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
            "char_length(name) BETWEEN 1 AND 80", name=op.f("ck_personas_name_length")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_personas_owner_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_personas")),
        sa.UniqueConstraint("id", "owner_id", name=op.f("uq_personas_id_owner_id")),
    )
    op.create_index(op.f("ix_personas_owner_id"), "personas", ["owner_id"], unique=False)
    op.create_index(
        "uq_personas_owner_id_name",
        "personas",
        ["owner_id", sa.literal_column("lower(name)")],
        unique=True,
    )
    op.create_table(
        "conversation_history",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("personality_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("persona_id", sa.Uuid(), nullable=True),
        sa.Column("speaker_id", sa.BigInteger(), nullable=True),
        sa.Column("speaker_name", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("token_count", sa.Integer(), nullable=False),
        sa.Column(
            "discord_message_ids",
            postgresql.ARRAY(sa.BigInteger()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("answers_id", sa.Uuid(), nullable=True),
        sa.Column("provenance", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "role = 'user' OR personality_id IS NOT NULL",
            name=op.f("ck_conversation_history_assistant_is_someone"),
        ),
        sa.CheckConstraint(
            "role IN ('user', 'assistant')", name=op.f("ck_conversation_history_role")
        ),
        sa.ForeignKeyConstraint(
            ["answers_id"],
            ["conversation_history.id"],
            name=op.f("fk_conversation_history_answers_id_conversation_history"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["persona_id"],
            ["personas.id"],
            name=op.f("fk_conversation_history_persona_id_personas"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_conversation_history_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_conversation_history_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation_history")),
    )
    op.create_index(
        op.f("ix_conversation_history_answers_id"),
        "conversation_history",
        ["answers_id"],
        unique=False,
    )
    op.create_index(
        "ix_conversation_history_discord_message_ids",
        "conversation_history",
        ["discord_message_ids"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        op.f("ix_conversation_history_personality_id"),
        "conversation_history",
        ["personality_id"],
        unique=False,
    )
    op.create_index(
        "ix_conversation_history_speaker_id", "conversation_history", ["speaker_id"], unique=False
    )
    op.create_index(
        op.f("ix_conversation_history_user_id"), "conversation_history", ["user_id"], unique=False
    )
    op.create_index(
        "uq_conversation_history_channel_id_position",
        "conversation_history",
        ["channel_id", "position"],
        unique=True,
    )
    op.create_table(
        "personality_default_configs",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("llm_config_id", sa.Uuid(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["llm_config_id"],
            ["llm_configs.id"],
            name=op.f("fk_personality_default_configs_llm_config_id_llm_configs"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_personality_default_configs_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("personality_id", name=op.f("pk_personality_default_configs")),
    )
    op.create_index(
        op.f("ix_personality_default_configs_llm_config_id"),
        "personality_default_configs",
        ["llm_config_id"],
        unique=False,
    )
    op.create_table(
        "user_default_personas",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("persona_id", sa.Uuid(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["persona_id", "user_id"],
            ["personas.id", "personas.owner_id"],
            name=op.f("fk_user_default_personas_persona_id_user_id_personas"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_default_personas_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_default_personas")),
    )
    op.create_table(
        "user_personality_configs",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("persona_id", sa.Uuid(), nullable=True),
        sa.Column("llm_config_id", sa.Uuid(), nullable=True),
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
        sa.ForeignKeyConstraint(
            ["llm_config_id"],
            ["llm_configs.id"],
            name=op.f("fk_user_personality_configs_llm_config_id_llm_configs"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["persona_id"],
            ["personas.id"],
            name=op.f("fk_user_personality_configs_persona_id_personas"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_user_personality_configs_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_user_personality_configs_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_personality_configs")),
        sa.UniqueConstraint(
            "user_id",
            "personality_id",
            name=op.f("uq_user_personality_configs_user_id_personality_id"),
        ),
    )
    op.create_index(
        op.f("ix_user_personality_configs_personality_id"),
        "user_personality_configs",
        ["personality_id"],
        unique=False,
    )
    op.create_table(
        "memories",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("persona_id", sa.Uuid(), nullable=True),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.Column("line_id", sa.Uuid(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("embedding", pgvector.sqlalchemy.vector.VECTOR(dim=256), nullable=False),
        sa.Column(
            "words",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('english', content)", persisted=True),
            nullable=False,
        ),
        sa.Column("locked", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "(venue = 'dm') = (guild_id IS NULL)", name=op.f("ck_memories_venue_has_guild")
        ),
        sa.CheckConstraint("venue IN ('dm', 'private', 'public')", name=op.f("ck_memories_venue")),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["conversation_history.id"],
            name=op.f("fk_memories_line_id_conversation_history"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["persona_id"],
            ["personas.id"],
            name=op.f("fk_memories_persona_id_personas"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_memories_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["previous_id"],
            ["memories.id"],
            name=op.f("fk_memories_previous_id_memories"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memories_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memories")),
    )
    op.create_index(
        "ix_memories_embedding",
        "memories",
        ["embedding"],
        unique=False,
        postgresql_using="hnsw",
        postgresql_ops={"embedding": "vector_cosine_ops"},
    )
    op.create_index(op.f("ix_memories_line_id"), "memories", ["line_id"], unique=False)
    op.create_index(
        "ix_memories_personality_id_created_at",
        "memories",
        ["personality_id", "created_at"],
        unique=False,
    )
    op.create_index(op.f("ix_memories_previous_id"), "memories", ["previous_id"], unique=False)
    op.create_index(
        "ix_memories_user_id_created_at", "memories", ["user_id", "created_at"], unique=False
    )
    op.create_index(
        "ix_memories_words", "memories", ["words"], unique=False, postgresql_using="gin"
    )


def downgrade() -> None:
    op.drop_index("ix_memories_words", table_name="memories", postgresql_using="gin")
    op.drop_index("ix_memories_user_id_created_at", table_name="memories")
    op.drop_index(op.f("ix_memories_previous_id"), table_name="memories")
    op.drop_index("ix_memories_personality_id_created_at", table_name="memories")
    op.drop_index(op.f("ix_memories_line_id"), table_name="memories")
    op.drop_index(
        "ix_memories_embedding",
        table_name="memories",
        postgresql_using="hnsw",
        postgresql_ops={"embedding": "vector_cosine_ops"},
    )
    op.drop_table("memories")
    op.drop_index(
        op.f("ix_user_personality_configs_personality_id"), table_name="user_personality_configs"
    )
    op.drop_table("user_personality_configs")
    op.drop_table("user_default_personas")
    op.drop_index(
        op.f("ix_personality_default_configs_llm_config_id"),
        table_name="personality_default_configs",
    )
    op.drop_table("personality_default_configs")
    op.drop_index("uq_conversation_history_channel_id_position", table_name="conversation_history")
    op.drop_index(op.f("ix_conversation_history_user_id"), table_name="conversation_history")
    op.drop_index("ix_conversation_history_speaker_id", table_name="conversation_history")
    op.drop_index(op.f("ix_conversation_history_personality_id"), table_name="conversation_history")
    op.drop_index(
        "ix_conversation_history_discord_message_ids",
        table_name="conversation_history",
        postgresql_using="gin",
    )
    op.drop_index(op.f("ix_conversation_history_answers_id"), table_name="conversation_history")
    op.drop_table("conversation_history")
    op.drop_index("uq_personas_owner_id_name", table_name="personas")
    op.drop_index(op.f("ix_personas_owner_id"), table_name="personas")
    op.drop_table("personas")
    op.drop_index(op.f("ix_personality_owners_user_id"), table_name="personality_owners")
    op.drop_table("personality_owners")
    op.drop_index(
        "uq_llm_configs_owner_id_name", table_name="llm_configs", postgresql_nulls_not_distinct=True
    )
    op.drop_index(
        "uq_llm_configs_default", table_name="llm_configs", postgresql_where=sa.text("is_default")
    )
    op.drop_index(op.f("ix_llm_configs_owner_id"), table_name="llm_configs")
    op.drop_table("llm_configs")
    op.drop_index(op.f("ix_llm_calls_user_id"), table_name="llm_calls")
    op.drop_index(op.f("ix_llm_calls_personality_id"), table_name="llm_calls")
    op.drop_index(op.f("ix_llm_calls_created_at"), table_name="llm_calls")
    op.drop_table("llm_calls")
    op.drop_index(op.f("ix_activated_channels_personality_id"), table_name="activated_channels")
    op.drop_index(op.f("ix_activated_channels_guild_id"), table_name="activated_channels")
    op.drop_table("activated_channels")
    op.drop_table("users")
    op.drop_table("personality_versions")
    op.drop_table("personality_cards")
    op.drop_index("uq_personality_aliases_alias", table_name="personality_aliases")
    op.drop_index(op.f("ix_personality_aliases_personality_id"), table_name="personality_aliases")
    op.drop_table("personality_aliases")
    op.drop_index(
        "uq_personalities_name",
        table_name="personalities",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_table("personalities")
    op.drop_index("uq_system_prompts_name", table_name="system_prompts")
    op.drop_index(
        "uq_system_prompts_default",
        table_name="system_prompts",
        postgresql_where=sa.text("is_default"),
    )
    op.drop_table("system_prompts")
    op.drop_table("synced_commands")
    op.drop_table("optouts")
