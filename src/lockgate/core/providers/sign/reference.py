"""
References: a credential that lies elsewhere, written as ``env:NAME`` or ``file:PATH``.

Here they are only recognised. The shell reads what they name, because reading is I/O, and hands the text to
``core/providers/target`` instead of the reference; a reference that arrives there unread is an unusable credential.
"""

_KINDS = ("env", "file")


def reference(secret: str) -> tuple[str, str] | None:
    """``("env", NAME)`` or ``("file", PATH)``; None when the secret is the credential itself."""
    kind, colon, name = secret.partition(":")
    return (kind, name) if colon and kind in _KINDS and name else None
