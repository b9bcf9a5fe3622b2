"""The decisions: pure functions and machines. No clock, no randomness, no I/O, no logging, no async."""
