"""descriptions of pictures are kept, so that each is looked at once"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "picture_descriptions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picture_descriptions")),
        sa.UniqueConstraint("digest", "model", name=op.f("uq_picture_descriptions_digest_model")),
    )
    op.create_index(
        op.f("ix_picture_descriptions_created_at"), "picture_descriptions", ["created_at"]
    )


def downgrade() -> None:
    op.drop_table("picture_descriptions")
