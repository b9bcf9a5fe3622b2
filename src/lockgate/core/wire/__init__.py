"""Bytes to frames and back: SSE, JSON splicing. Knows no dialect."""
