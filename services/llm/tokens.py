"""How much of a text a model can read, before anyone has counted."""


def estimate(text: str) -> int:
    """Return how many tokens a text may have, on the high side for what people write.

    Byte-pair vocabularies give prose some four letters a token and other scripts about two bytes.
    """
    plain = len(text.encode("ascii", "ignore"))
    return int(plain / 3 + (len(text.encode("utf-8", "replace")) - plain) / 1.5) + 1


def fitting(text: str, room: int, ending: str = "") -> int:
    """Return how many characters of a text fit into `room` tokens, with an ending after them."""
    if estimate(text + ending) <= room:
        return len(text)
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = estimate(text[:middle] + ending) <= room
        low, high = (middle, high) if fits else (low, middle - 1)
    return low
