"""publishing"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHECKS = {
    "nsfw_rating": "nsfw_rating IN ('safe', 'suggestive', 'explicit')",
    "gender": "gender IN ('female', 'male', 'nonbinary', 'none', 'unknown')",
    "age_bucket": (
        "age_bucket IN ('child', 'teen', 'young adult', 'adult', 'senior', 'ageless', 'unknown')"
    ),
    "public_age": "public_age >= -1",
    "likes_count": "likes_count >= 0",
    "public_is_complete": (
        "visibility <> 'public' OR num_nulls(public_version, nsfw_rating, gender, headline, "
        "public_name, published_at) = 0"
    ),
    "minors_are_safe": (
        "visibility <> 'public' OR nsfw_rating = 'safe' OR public_age NOT BETWEEN 0 AND 17"
    ),
    "explicit_is_age_restricted": (
        "visibility <> 'public' OR nsfw_rating <> 'explicit' OR age_restricted"
    ),
}
# A rating may only become stricter: a picture may turn out to be explicit later.
KEEP_PUBLISHED = """
CREATE FUNCTION keep_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.name, NEW.slug, NEW.public_version, NEW.public_name, NEW.public_age, NEW.age_bucket,
        NEW.gender, NEW.headline, NEW.published_at)
       IS DISTINCT FROM
       (OLD.name, OLD.slug, OLD.public_version, OLD.public_name, OLD.public_age, OLD.age_bucket,
        OLD.gender, OLD.headline, OLD.published_at)
       OR (NEW.nsfw_rating <> OLD.nsfw_rating AND NEW.nsfw_rating <> 'explicit')
    THEN
        RAISE EXCEPTION 'what is published of a personality cannot change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_published BEFORE UPDATE ON personalities FOR EACH ROW
WHEN (OLD.visibility = 'public' AND NEW.visibility = 'public')
EXECUTE FUNCTION keep_published();
"""
KEEP_TAGS = """
CREATE FUNCTION keep_published_tags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM personalities WHERE visibility = 'public'
               AND id IN (OLD.personality_id, NEW.personality_id))
    THEN
        RAISE EXCEPTION 'what is published of a personality cannot change'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER keep_published_tags BEFORE INSERT OR UPDATE OR DELETE ON personality_tags
FOR EACH ROW EXECUTE FUNCTION keep_published_tags();
"""
KEEP_VERSIONS = """
CREATE FUNCTION keep_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of a personality cannot change'
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER keep_versions BEFORE UPDATE ON personality_versions
FOR EACH ROW EXECUTE FUNCTION keep_versions();
"""


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("sort_order", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "name = lower(name) AND name <> ''", name=op.f("ck_tags_name_is_lowercase")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("name", name=op.f("uq_tags_name")),
    )
    op.create_table(
        "personality_tags",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.Column("confidence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "confidence BETWEEN 0 AND 100", name=op.f("ck_personality_tags_confidence")
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_personality_tags_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tag_id"],
            ["tags.id"],
            name=op.f("fk_personality_tags_tag_id_tags"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("personality_id", "tag_id", name=op.f("pk_personality_tags")),
    )
    op.create_index(
        op.f("ix_personality_tags_tag_id"), "personality_tags", ["tag_id"], unique=False
    )
    op.create_table(
        "personality_likes",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_personality_likes_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_personality_likes_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("personality_id", "user_id", name=op.f("pk_personality_likes")),
    )
    op.create_index(
        op.f("ix_personality_likes_user_id"), "personality_likes", ["user_id"], unique=False
    )
    op.create_table(
        "publish_attempts",
        sa.Column("personality_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("durations", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("reply", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("wants_dm", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'done', 'failed', 'cancelled')",
            name=op.f("ck_publish_attempts_status"),
        ),
        sa.ForeignKeyConstraint(
            ["personality_id"],
            ["personalities.id"],
            name=op.f("fk_publish_attempts_personality_id_personalities"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_publish_attempts_user_id_users"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publish_attempts")),
    )
    op.create_index(
        "ix_publish_attempts_personality_id_created_at",
        "publish_attempts",
        ["personality_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_publish_attempts_user_id"), "publish_attempts", ["user_id"], unique=False
    )
    op.create_index(
        "uq_publish_attempts_open",
        "publish_attempts",
        ["personality_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.add_column(
        "personalities",
        sa.Column("avatar_explicit", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column("personalities", sa.Column("public_version", sa.Integer(), nullable=True))
    op.add_column("personalities", sa.Column("public_name", sa.Text(), nullable=True))
    op.add_column(
        "personalities", sa.Column("public_age", sa.Integer(), server_default="-1", nullable=False)
    )
    op.add_column(
        "personalities",
        sa.Column("age_bucket", sa.Text(), server_default="unknown", nullable=False),
    )
    op.add_column("personalities", sa.Column("nsfw_rating", sa.Text(), nullable=True))
    op.add_column("personalities", sa.Column("gender", sa.Text(), nullable=True))
    op.add_column("personalities", sa.Column("headline", sa.Text(), nullable=True))
    op.add_column(
        "personalities", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "personalities", sa.Column("likes_count", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "personalities",
        sa.Column("last_publish_attempt", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.create_index("ix_personalities_gender", "personalities", ["gender"], unique=False)
    op.create_index("ix_personalities_nsfw_rating", "personalities", ["nsfw_rating"], unique=False)
    op.create_index("ix_personalities_visibility", "personalities", ["visibility"], unique=False)
    op.create_foreign_key(
        "fk_personalities_public_version",
        "personalities",
        "personality_versions",
        ["id", "public_version"],
        ["personality_id", "number"],
    )
    # Public was a word for "listed" before there was publishing.
    op.execute("UPDATE personalities SET visibility = 'unlisted' WHERE visibility = 'public'")
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_personalities_{name}"), "personalities", condition)
    for statement in (KEEP_PUBLISHED, KEEP_TAGS, KEEP_VERSIONS):
        for part in statement.split("CREATE TRIGGER"):
            op.execute(part if "CREATE FUNCTION" in part else f"CREATE TRIGGER{part}")


def downgrade() -> None:
    for table, name in (
        ("personality_versions", "keep_versions"),
        ("personality_tags", "keep_published_tags"),
        ("personalities", "keep_published"),
    ):
        op.execute(f"DROP TRIGGER {name} ON {table}")
        op.execute(f"DROP FUNCTION {name}")
    for name in reversed(CHECKS):
        op.drop_constraint(op.f(f"ck_personalities_{name}"), "personalities")
    op.drop_constraint("fk_personalities_public_version", "personalities", type_="foreignkey")
    op.drop_index("ix_personalities_visibility", table_name="personalities")
    op.drop_index("ix_personalities_nsfw_rating", table_name="personalities")
    op.drop_index("ix_personalities_gender", table_name="personalities")
    op.drop_column("personalities", "last_publish_attempt")
    op.drop_column("personalities", "likes_count")
    op.drop_column("personalities", "published_at")
    op.drop_column("personalities", "headline")
    op.drop_column("personalities", "gender")
    op.drop_column("personalities", "nsfw_rating")
    op.drop_column("personalities", "age_bucket")
    op.drop_column("personalities", "public_age")
    op.drop_column("personalities", "public_name")
    op.drop_column("personalities", "public_version")
    op.drop_column("personalities", "avatar_explicit")
    op.drop_index(
        "uq_publish_attempts_open",
        table_name="publish_attempts",
        postgresql_where=sa.text("status IN ('pending', 'running')"),
    )
    op.drop_index(op.f("ix_publish_attempts_user_id"), table_name="publish_attempts")
    op.drop_index("ix_publish_attempts_personality_id_created_at", table_name="publish_attempts")
    op.drop_table("publish_attempts")
    op.drop_index(op.f("ix_personality_likes_user_id"), table_name="personality_likes")
    op.drop_table("personality_likes")
    op.drop_index(op.f("ix_personality_tags_tag_id"), table_name="personality_tags")
    op.drop_table("personality_tags")
    op.drop_table("tags")
