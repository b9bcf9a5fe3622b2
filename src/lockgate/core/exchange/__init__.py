"""The life of one exchange: events in, commands out. Knows no transport."""
