"""voice messages are heard, and answers spoken"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("llm_calls", sa.Column("audio_seconds", sa.Float(), nullable=True))
    op.add_column(
        "conversation_history",
        sa.Column("is_spoken", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "conversation_history", sa.Column("voice_message_id", sa.BigInteger(), nullable=True)
    )
    op.add_column(
        "server_policies",
        sa.Column("voice_messages", sa.Text(), server_default="heard", nullable=False),
    )
    op.add_column(
        "server_policies",
        sa.Column("spoken_answers", sa.Text(), server_default="file", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_server_policies_voice_messages"),
        "server_policies",
        "voice_messages IN ('off', 'heard', 'quoted')",
    )
    op.create_check_constraint(
        op.f("ck_server_policies_spoken_answers"),
        "server_policies",
        "spoken_answers IN ('off', 'file', 'voice message')",
    )


def downgrade() -> None:
    op.drop_column("server_policies", "spoken_answers")
    op.drop_column("server_policies", "voice_messages")
    op.drop_column("conversation_history", "voice_message_id")
    op.drop_column("conversation_history", "is_spoken")
    op.drop_column("llm_calls", "audio_seconds")
