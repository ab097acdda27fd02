"""models that users may choose, and the reasoning effort of a config"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_rules",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=True)
            for name in ("max_tokens", "memory_limit", "window")
        ),
        *(
            sa.Column(name, sa.Float(), nullable=True)
            for name in ("price_fresh", "price_cached", "price_written")
        ),
        sa.Column("price_source", sa.Text(), nullable=True),
        sa.Column("set_by", sa.BigInteger(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            'max_tokens > 0 AND memory_limit >= 0 AND "window" >= 2',
            name=op.f("ck_model_rules_limits"),
        ),
        sa.CheckConstraint(
            "num_nulls(price_fresh, price_cached, price_written) IN (0, 3)",
            name=op.f("ck_model_rules_price"),
        ),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_model_rules")),
    )
    op.add_column("llm_configs", sa.Column("reasoning_effort", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_llm_configs_reasoning_effort"),
        "llm_configs",
        "reasoning_effort IN ('none', 'minimal', 'low', 'medium', 'high')",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_llm_configs_reasoning_effort"), "llm_configs")
    op.drop_column("llm_configs", "reasoning_effort")
    op.drop_table("model_rules")
