"""The tags of personalities, by category."""

from collections.abc import Mapping

TAGS: Mapping[str, tuple[str, ...]] = {
    "genre": (
        "fantasy", "science fiction", "horror", "mystery", "romance", "comedy", "drama",
        "adventure", "historical", "slice of life", "superhero", "western", "cyberpunk",
        "steampunk", "post-apocalyptic", "fairy tale", "mythology", "noir", "space opera",
        "supernatural",
    ),
    "role": (
        "companion", "mentor", "teacher", "detective", "healer", "warrior", "ruler", "villain",
        "hero", "outlaw", "pirate", "sailor", "cook", "artist", "musician", "writer", "scholar",
        "scientist", "engineer", "merchant", "servant", "spy", "soldier", "priest", "trickster",
        "explorer", "athlete", "keeper", "parent", "storyteller", "game master", "assistant",
    ),
    "being": (
        "human", "elf", "vampire", "werewolf", "witch", "wizard", "dragon", "demon", "angel",
        "ghost", "robot", "artificial intelligence", "alien", "animal", "monster", "god", "fae",
        "undead", "object",
    ),
    "temper": (
        "kind", "gruff", "cheerful", "melancholic", "sarcastic", "shy", "flirtatious", "stoic",
        "chaotic", "wise", "curious", "proud", "loyal", "cunning", "anxious", "dreamy", "strict",
        "playful", "cold", "wholesome",
    ),
    "talk": (
        "advice", "role-play", "small talk", "debate", "language practice", "stories", "riddles",
        "comfort", "jokes", "world-building",
    ),
}  # fmt: skip
