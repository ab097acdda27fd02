"""concurrency groups, lock keys, and indexes of foreign keys"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FOREIGN_KEYS = (
    ("activated_channels", "activated_by"),
    ("conversation_history", "persona_id"),
    ("memories", "persona_id"),
    ("personalities", "system_prompt_id"),
    ("photos", "added_by"),
    ("social_posts", "created_by"),
    ("user_default_personas", "persona_id"),
    ("user_personality_configs", "llm_config_id"),
    ("user_personality_configs", "persona_id"),
    ("users", "dm_personality_id"),
)


def upgrade() -> None:
    op.alter_column("jobs", "lane", new_column_name="concurrency_group", schema="jobs")
    op.alter_column("jobs", "key", new_column_name="lock_key", schema="jobs")
    op.execute("ALTER INDEX jobs.uq_jobs_running_key RENAME TO uq_jobs_running_lock_key")
    op.execute("ALTER INDEX jobs.ix_jobs_suspect RENAME TO ix_jobs_quarantined")
    op.execute(
        "UPDATE jobs.jobs SET concurrency_group = 'default' WHERE concurrency_group = 'house'"
    )
    op.alter_column("photos", "is_made", new_column_name="is_ai_generated")
    for table, column in _FOREIGN_KEYS:
        op.create_index(
            f"ix_{table}_{column}",
            table,
            [column],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )


def downgrade() -> None:
    for table, column in reversed(_FOREIGN_KEYS):
        op.drop_index(
            f"ix_{table}_{column}",
            table_name=table,
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.alter_column("photos", "is_ai_generated", new_column_name="is_made")
    op.execute(
        "UPDATE jobs.jobs SET concurrency_group = 'house' WHERE concurrency_group = 'default'"
    )
    op.execute("ALTER INDEX jobs.ix_jobs_quarantined RENAME TO ix_jobs_suspect")
    op.execute("ALTER INDEX jobs.uq_jobs_running_lock_key RENAME TO uq_jobs_running_key")
    op.alter_column("jobs", "lock_key", new_column_name="key", schema="jobs")
    op.alter_column("jobs", "concurrency_group", new_column_name="lane", schema="jobs")
