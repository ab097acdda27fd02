"""budgets of paid calls"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What was spent in the window, the current hour and the 24 before it, and the budget of each scope
# that a call counts against. The budgets of the settings are those in all, per server and per user;
# rows of `budgets` come before them, except the default of a new database. Without one of its own,
# a server has 40 % and a user 10 % of the budget in all.
_STATUS = """
CREATE FUNCTION budget_status(
    p_now timestamptz, p_server bigint, p_account bigint, p_account_key bigint, p_usd numeric[],
    p_answers int[]
) RETURNS TABLE (
    scope text, key bigint, used_usd numeric, limit_usd numeric, used_answers bigint,
    limit_answers int
) LANGUAGE sql STABLE AS $$
    WITH scopes AS (
        SELECT n, (ARRAY['all', 'server', 'user'])[n] AS scope,
               (ARRAY[0, p_server, p_account])[n] AS id,
               (ARRAY[0, p_server, p_account_key])[n] AS key,
               (ARRAY[NULL, 0.4, 0.1])[n] AS share
        FROM generate_series(1, 3) n
    ), limits AS (
        SELECT s.n, coalesce(own.usd, every.usd, p_usd[s.n], fallback.usd) AS usd,
               coalesce(own.answers, every.answers, p_answers[s.n]) AS answers
        FROM scopes s
        LEFT JOIN budgets own
            ON own.scope = s.scope AND own.scope_id = s.id AND own.set_by IS NOT NULL
        LEFT JOIN budgets every ON every.scope = 'each ' || s.scope AND every.scope_id = 0
        LEFT JOIN budgets fallback
            ON s.n = 1 AND fallback.scope = 'all' AND fallback.set_by IS NULL
    )
    SELECT s.scope, s.key, used.usd, coalesce(l.usd, s.share * (SELECT usd FROM limits WHERE n = 1)),
           used.answers, l.answers
    FROM scopes s
    JOIN limits l USING (n)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(each.usd), 0) AS usd, coalesce(sum(each.answers), 0) AS answers
        FROM spending each WHERE each.scope = s.scope AND each.scope_id = s.key
        AND each.hour >= date_trunc('hour', p_now, 'UTC') - interval '24 hours'
    ) used
    WHERE s.key IS NOT NULL
    ORDER BY s.n
$$
"""

# Reserves an amount in every account at once, or refuses and changes nothing. The lock makes the
# decisions of all processes follow each other; each statement sees what was committed before it.
#
# `p_bound` is the most that the call can cost, `p_expected` what it probably costs. A user's fair
# share: what of the budget has accrued (a tenth at once, the rest over a day) divided by the people
# who have spent something within the window.
_RESERVE = """
CREATE FUNCTION reserve_spending(
    p_now timestamptz, p_server bigint, p_account bigint, p_account_key bigint, p_bound numeric,
    p_expected numeric, p_usd numeric[], p_answers int[],
    OUT refused_by text, OUT resumes_at timestamptz, OUT used_usd numeric, OUT budget_usd numeric
) LANGUAGE plpgsql AS $$
DECLARE
    this_hour timestamptz := date_trunc('hour', p_now, 'UTC');
    since timestamptz := this_hour - interval '24 hours';
    status record;
    user_usd numeric := 0;
    first_hour timestamptz;
    last_hour timestamptz;
    people_count int;
    accrued numeric;
BEGIN
    -- The answer waits for this; a crash of the server may lose the last reservations.
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM pg_advisory_xact_lock(hashtext('reserve_spending'));
    FOR status IN SELECT * FROM budget_status(
        p_now, p_server, p_account, p_account_key, p_usd, p_answers
    ) LOOP
        IF status.scope = 'all' THEN
            used_usd := status.used_usd;
            budget_usd := status.limit_usd;
        ELSIF status.scope = 'user' THEN
            user_usd := status.used_usd;
        END IF;
        IF status.used_usd + p_bound > status.limit_usd
        OR status.used_answers >= status.limit_answers THEN
            refused_by := status.scope;
            -- The first hour after which what is left in the window leaves room for this call.
            SELECT min(later.hour) + interval '25 hours' INTO resumes_at
            FROM spending later
            WHERE later.scope = status.scope AND later.scope_id = status.key
            AND later.hour >= since
            AND (SELECT (status.limit_usd IS NULL
                         OR coalesce(sum(s.usd), 0) + p_bound <= status.limit_usd)
                    AND (status.limit_answers IS NULL
                         OR coalesce(sum(s.answers), 0) < status.limit_answers)
                 FROM spending s WHERE s.scope = status.scope AND s.scope_id = status.key
                 AND s.hour > later.hour);
            RETURN;
        END IF;
    END LOOP;

    IF p_account IS NOT NULL THEN
        SELECT max(s.hour) INTO last_hour FROM spending s
        WHERE s.scope = 'user' AND s.scope_id = p_account_key AND s.hour >= since;
        IF budget_usd IS NOT NULL AND p_bound > 0 THEN
            SELECT min(s.hour), coalesce(sum(s.people), 0) INTO first_hour, people_count
            FROM spending s WHERE s.scope = 'all' AND s.hour >= since;
            people_count := people_count + (last_hour IS NULL)::int;
            accrued := budget_usd * least(1, 0.1 + 0.9 * coalesce(
                extract(epoch FROM p_now - first_hour) / 86400, 0));
            IF (user_usd + p_expected) * people_count > accrued THEN
                refused_by := 'share';
                resumes_at := this_hour + interval '1 hour';
                RETURN;
            END IF;
        END IF;
    END IF;

    INSERT INTO spending AS s (scope, scope_id, hour, usd, answers)
    SELECT each.scope, each.key, this_hour, p_bound, 1
    FROM (VALUES ('all', 0), ('server', p_server), ('user', p_account_key)) each (scope, key)
    WHERE each.key IS NOT NULL
    ON CONFLICT (scope, scope_id, hour)
    DO UPDATE SET usd = s.usd + excluded.usd, answers = s.answers + 1;
    used_usd := used_usd + p_bound;
    IF p_account IS NOT NULL AND last_hour IS DISTINCT FROM this_hour THEN
        UPDATE spending s SET people = s.people + CASE WHEN s.hour = this_hour THEN 1 ELSE -1 END
        WHERE s.scope = 'all' AND s.hour IN (this_hour, last_hour);
    END IF;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "budgets",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), nullable=False),
        sa.Column("usd", sa.Numeric(12, 4), nullable=True),
        sa.Column("answers", sa.Integer(), nullable=True),
        sa.Column("set_by", sa.BigInteger(), nullable=True),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("usd >= 0 AND answers >= 0", name=op.f("ck_budgets_positive")),
        sa.CheckConstraint(
            "(scope_id = 0) = (scope NOT IN ('server', 'user'))", name=op.f("ck_budgets_scope_id")
        ),
        sa.PrimaryKeyConstraint("scope", "scope_id", name=op.f("pk_budgets")),
    )
    op.create_table(
        "spending",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("usd", sa.Numeric(16, 8), server_default="0", nullable=False),
        sa.Column("answers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("people", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("scope", "scope_id", "hour", name=op.f("pk_spending")),
    )
    op.create_index("ix_llm_calls_guild_id", "llm_calls", ["guild_id", "created_at"])
    # A database that people use already keeps working as it did: its operator sets a budget.
    op.execute(
        "INSERT INTO budgets (scope, scope_id, usd) SELECT 'all', 0, 1 "
        "WHERE NOT EXISTS (SELECT FROM users)"
    )
    op.execute(_STATUS)
    op.execute(_RESERVE)


def downgrade() -> None:
    op.execute(
        "DROP FUNCTION reserve_spending(timestamptz, bigint, bigint, bigint, numeric, numeric, "
        "numeric[], int[])"
    )
    op.execute("DROP FUNCTION budget_status(timestamptz, bigint, bigint, bigint, numeric[], int[])")
    op.drop_index("ix_llm_calls_guild_id", table_name="llm_calls")
    op.drop_table("spending")
    op.drop_table("budgets")
