"""work in the background"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA jobs")
    op.create_table(
        "jobs",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempt", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("crashes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
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
            name=op.f("ck_jobs_status"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        schema="jobs",
    )
    op.create_index("ix_jobs_created_at", "jobs", ["created_at"], unique=False, schema="jobs")
    op.create_index(
        "ix_jobs_pending",
        "jobs",
        ["lane", "due_at"],
        unique=False,
        schema="jobs",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_jobs_running",
        "jobs",
        ["due_at"],
        unique=False,
        schema="jobs",
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index(
        "uq_jobs_running_key",
        "jobs",
        ["key"],
        unique=True,
        schema="jobs",
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_index(
        "ix_jobs_suspect",
        "jobs",
        ["due_at"],
        unique=False,
        schema="jobs",
        postgresql_where=sa.text("status = 'pending' AND crashes >= 2"),
    )
    op.create_table(
        "steps",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("output", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.jobs.id"], name=op.f("fk_steps_job_id_jobs"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_id", "name", name=op.f("pk_steps")),
        schema="jobs",
    )


def downgrade() -> None:
    op.drop_table("steps", schema="jobs")
    op.drop_index(
        "ix_jobs_suspect",
        table_name="jobs",
        schema="jobs",
        postgresql_where=sa.text("status = 'pending' AND crashes >= 2"),
    )
    op.drop_index(
        "uq_jobs_running_key",
        table_name="jobs",
        schema="jobs",
        postgresql_where=sa.text("status = 'running'"),
    )
    op.drop_index(
        "ix_jobs_running",
        table_name="jobs",
        schema="jobs",
        postgresql_where=sa.text("status = 'running'"),
    )
    op.drop_index(
        "ix_jobs_pending",
        table_name="jobs",
        schema="jobs",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index("ix_jobs_created_at", table_name="jobs", schema="jobs")
    op.drop_table("jobs", schema="jobs")
    op.execute("DROP SCHEMA jobs")
