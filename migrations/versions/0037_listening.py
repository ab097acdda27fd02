"""processes hear of changes of what listens to messages"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_FUNCTION = """
CREATE FUNCTION notify_listening() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('listening', TG_TABLE_NAME);
    RETURN NULL;
END $$
"""
# One notification a statement, and none where only a counter changes.
_EVENTS = {
    "activated_channels": "INSERT OR DELETE OR TRUNCATE OR UPDATE OF channel_id",
    "boards": "INSERT OR DELETE OR TRUNCATE OR UPDATE OF channel_id, closed_at",
    "personalities": "INSERT OR DELETE OR TRUNCATE OR UPDATE OF name, deleted_at",
    "personality_aliases": "INSERT OR DELETE OR TRUNCATE OR UPDATE OF alias",
}


def upgrade() -> None:
    op.execute(_FUNCTION)
    for table, events in _EVENTS.items():
        op.execute(
            f"CREATE TRIGGER {table}_listening AFTER {events} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION notify_listening()"
        )


def downgrade() -> None:
    for table in _EVENTS:
        op.execute(f"DROP TRIGGER {table}_listening ON {table}")
    op.execute("DROP FUNCTION notify_listening()")
