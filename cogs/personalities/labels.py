"""What the fields of a personality are called."""

from collections.abc import Mapping

# Label and description of each column.
LABELS: Mapping[str, tuple[str, str]] = {
    "name": ("Name", "What people call with an @."),
    "display_name": ("Display name", "Shown over messages, if it should differ."),
    "nickname": ("Nickname", "What {{char}} stands for in their texts, if not the name."),
    "avatar_url": ("Avatar", "An https:// address of a picture."),
    "character_info": ("Who are they?", "Story, looks, world: what they know of themselves."),
    "personality_traits": ("Character", "What they are like."),
    "personality_tone": ("Tone", "How they talk."),
    "personality_age": ("Age", ""),
    "personality_likes": ("Likes", ""),
    "personality_dislikes": ("Dislikes", ""),
    "conversational_goals": ("Goals", "What they want from a conversation."),
    "conversational_examples": ("Examples", "Lines they would say."),
    "first_message": ("First message", "How they start a conversation."),
    "scenario": ("Scenario", "Where and when conversations take place."),
    "system_prompt_override": (
        "System prompt",
        "Replaces the bot's, which {{original}} stands for.",
    ),
    "post_history_instructions": ("Last instructions", "What the model reads after the messages."),
    "depth_note": ("Note in the conversation", "A note some messages before the last."),
    "creator_notes": ("Creator's notes", "For you; the model never reads them."),
    "alternate_greetings": ("Other first messages", ""),
    "group_greetings": ("First messages in servers", ""),
}


def label_of(field: str) -> str:
    """Return the label of a column, or of another field of a card."""
    return LABELS[field][0] if field in LABELS else field.replace("_", " ")
