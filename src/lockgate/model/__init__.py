"""The words: frozen values without behaviour or I/O. Everything else may import this room; it imports nothing of ours."""
