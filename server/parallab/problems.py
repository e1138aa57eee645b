"""What a request can go wrong with: an HTTP status and sentences for whoever asked."""

from __future__ import annotations


class Problem(Exception):
    """``message`` says what was expected and what to do next; ``reason`` what was seen, in detail."""

    def __init__(self, status: int, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.reason = reason


def shown(text: str, most: int = 60) -> str:
    """What a caller sent, fit to be quoted in a sentence."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= most else text[:most] + "…"
