"""
The most input tokens a request can cost, from its length alone: what an attempt holds before it is dialled.

Every vocabulary in use spends at most one token per byte of text, and JSON never makes text shorter. What a request can
cause beyond its own bytes is not bounded by them: what the provider adds by itself when tools are used (covered by a
fixed allowance), what stands behind a URL, a file id or an earlier response (not covered).
"""

ADDED_TOKENS = 1024
"""Providers add a few hundred tokens of their own when tools are used."""


def input_bound(body_bytes: int) -> int:
    """Upper bound of the input tokens of a request with a body of so many bytes."""
    return body_bytes + ADDED_TOKENS
