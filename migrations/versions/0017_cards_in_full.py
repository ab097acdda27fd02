"""every field of a card has a column"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TEXTS = (
    *("nickname", "scenario", "system_prompt_override", "post_history_instructions"),
    *("depth_note", "creator_notes", "character_version"),
)
_LISTS = ("alternate_greetings", "group_greetings")


def upgrade() -> None:
    for name in _TEXTS:
        op.add_column("personalities", sa.Column(name, sa.Text(), nullable=True))
    for name in _LISTS:
        op.add_column(
            "personalities",
            sa.Column(
                name, postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
            ),
        )
    op.add_column(
        "personalities",
        sa.Column("depth_note_depth", sa.Integer(), server_default="4", nullable=False),
    )
    op.add_column(
        "personalities",
        sa.Column("depth_note_role", sa.Text(), server_default="system", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_personalities_depth_note_role"),
        "personalities",
        "depth_note_role IN ('system', 'user', 'assistant')",
    )
    op.create_check_constraint(
        op.f("ck_personalities_depth_note_depth"),
        "personalities",
        "depth_note_depth BETWEEN 0 AND 200",
    )
    # The scenario of a card was a custom field, as it still is in earlier versions.
    op.execute(
        "UPDATE personalities SET scenario = custom_fields ->> 'scenario', "
        "custom_fields = nullif(custom_fields - 'scenario', '{}'::jsonb) "
        "WHERE jsonb_typeof(custom_fields -> 'scenario') = 'string'"
    )
    op.alter_column("personality_cards", "image", new_column_name="file")


def downgrade() -> None:
    op.alter_column("personality_cards", "file", new_column_name="image")
    op.execute(
        "UPDATE personalities SET custom_fields = coalesce(custom_fields, '{}'::jsonb) || "
        "jsonb_build_object('scenario', scenario) WHERE scenario IS NOT NULL"
    )
    op.drop_constraint(op.f("ck_personalities_depth_note_depth"), "personalities", type_="check")
    op.drop_constraint(op.f("ck_personalities_depth_note_role"), "personalities", type_="check")
    for name in ("depth_note_role", "depth_note_depth", *_LISTS, *_TEXTS):
        op.drop_column("personalities", name)
