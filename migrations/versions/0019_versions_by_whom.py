"""versions have a name and know who made them"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_KEEP_VERSIONS = """
CREATE OR REPLACE FUNCTION keep_versions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {condition}
    RAISE EXCEPTION 'a version of a personality cannot change'
        USING ERRCODE = 'restrict_violation';
END $$;
"""
# What it is called may change, and who made it may be gone.
_UNLESS_OTHERWISE = """
    IF (NEW.personality_id, NEW.number, NEW.definition, NEW.created_at)
       IS NOT DISTINCT FROM
       (OLD.personality_id, OLD.number, OLD.definition, OLD.created_at)
    THEN
        RETURN NEW;
    END IF;
"""


def upgrade() -> None:
    op.add_column("personality_versions", sa.Column("label", sa.Text(), nullable=True))
    op.add_column("personality_versions", sa.Column("editor_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_personality_versions_editor_id_users"),
        "personality_versions",
        "users",
        ["editor_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        op.f("ix_personality_versions_editor_id"), "personality_versions", ["editor_id"]
    )
    op.execute(_KEEP_VERSIONS.format(condition=_UNLESS_OTHERWISE))


def downgrade() -> None:
    op.execute(_KEEP_VERSIONS.format(condition=""))
    op.drop_index(op.f("ix_personality_versions_editor_id"), table_name="personality_versions")
    op.drop_constraint(
        op.f("fk_personality_versions_editor_id_users"), "personality_versions", type_="foreignkey"
    )
    op.drop_column("personality_versions", "editor_id")
    op.drop_column("personality_versions", "label")
