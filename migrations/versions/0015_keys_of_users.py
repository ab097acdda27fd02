"""keys that users bring"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Reserves an amount of a key's own budget, or returns when there is room for it again. The lock
# makes the decisions of all processes about one key follow each other.
_RESERVE = """
CREATE FUNCTION reserve_on_key(
    p_now timestamptz, p_key bigint, p_bound numeric, p_budget numeric,
    OUT is_refused bool, OUT resumes_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
    this_hour timestamptz := date_trunc('hour', p_now, 'UTC');
    since timestamptz := this_hour - interval '24 hours';
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM pg_advisory_xact_lock(hashtext('reserve_on_key'), hashint8(p_key));
    SELECT coalesce(sum(usd), 0) + p_bound > p_budget INTO is_refused
    FROM spending WHERE scope = 'key' AND scope_id = p_key AND hour >= since;
    IF is_refused THEN
        SELECT min(later.hour) + interval '25 hours' INTO resumes_at
        FROM spending later
        WHERE later.scope = 'key' AND later.scope_id = p_key AND later.hour >= since
        AND (SELECT coalesce(sum(s.usd), 0) + p_bound <= p_budget
             FROM spending s
             WHERE s.scope = 'key' AND s.scope_id = p_key AND s.hour > later.hour);
        RETURN;
    END IF;
    INSERT INTO spending (scope, scope_id, hour, usd, answers)
    VALUES ('key', p_key, this_hour, p_bound, 1)
    ON CONFLICT (scope, scope_id, hour)
    DO UPDATE SET usd = spending.usd + excluded.usd, answers = spending.answers + 1;
END $$
"""

_NOTIFY = """
CREATE FUNCTION notify_api_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('api_keys', '');
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("for_acts", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("budget_usd", sa.Numeric(12, 4), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(guild_id IS NULL) = (budget_usd IS NULL)", name=op.f("ck_api_keys_budget_of_server")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], ondelete="CASCADE", name=op.f("fk_api_keys_owner_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index("ix_api_keys_owner_id", "api_keys", ["owner_id"])
    for columns, condition in (
        (["owner_id", "vendor"], "guild_id IS NULL"),
        (["guild_id", "vendor"], "guild_id IS NOT NULL"),
    ):
        op.create_index(
            f"uq_api_keys_{'_'.join(columns)}",
            "api_keys",
            columns,
            unique=True,
            postgresql_where=sa.text(condition),
        )
    op.create_table(
        "key_checks",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_key_checks_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_checks")),
    )
    op.add_column("llm_calls", sa.Column("key_id", sa.Uuid(), nullable=True))
    op.execute(_RESERVE)
    op.execute(_NOTIFY)
    # Keys also go with their owner, whatever deletes that.
    op.execute(
        "CREATE TRIGGER notify_api_keys AFTER INSERT OR UPDATE OR DELETE ON api_keys "
        "FOR EACH STATEMENT EXECUTE FUNCTION notify_api_keys()"
    )


def downgrade() -> None:
    op.drop_table("api_keys")
    op.drop_table("key_checks")
    op.drop_column("llm_calls", "key_id")
    op.execute("DELETE FROM spending WHERE scope = 'key'")
    op.execute("DROP FUNCTION notify_api_keys()")
    op.execute("DROP FUNCTION reserve_on_key(timestamptz, bigint, numeric, numeric)")
