"""Estimates of token counts, without a tokenizer."""


def estimate(text: str) -> int:
    """Return the estimated number of tokens of a text; rather too high for usual texts.

    Byte-pair vocabularies have about four letters per token for prose, and two bytes for other
    scripts.
    """
    ascii_count = len(text.encode("ascii", "ignore"))
    return int(ascii_count / 3 + (len(text.encode("utf-8", "replace")) - ascii_count) / 1.5) + 1


def fitting_length(text: str, token_limit: int, suffix: str = "") -> int:
    """Return how many characters of a text fit into `token_limit` tokens, with `suffix` added."""
    if estimate(text + suffix) <= token_limit:
        return len(text)
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        fits = estimate(text[:middle] + suffix) <= token_limit
        low, high = (middle, high) if fits else (low, middle - 1)
    return low
