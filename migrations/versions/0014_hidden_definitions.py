"""whether others may read the definition of a personality"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "personalities",
        sa.Column("definition_shown", sa.Boolean(), server_default="false", nullable=False),
    )
    # Those that came with the bot have nothing to hide.
    op.execute(
        "UPDATE personalities p SET definition_shown = true WHERE NOT EXISTS "
        "(SELECT FROM personality_owners o WHERE o.personality_id = p.id)"
    )


def downgrade() -> None:
    op.drop_column("personalities", "definition_shown")
