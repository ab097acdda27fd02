"""the last position of a history, and the right to append to it, in one round trip"""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

# Each statement of a function sees what was committed when it begins: the lock comes first.
_FUNCTION = """
CREATE FUNCTION last_position(channel bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(channel);
    RETURN coalesce((SELECT max(position) FROM conversation_history WHERE channel_id = channel), 0);
END $$
"""


def upgrade() -> None:
    op.execute(_FUNCTION)


def downgrade() -> None:
    op.execute("DROP FUNCTION last_position(bigint)")
