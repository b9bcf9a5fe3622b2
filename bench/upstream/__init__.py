"""The mock upstream: nginx with one fixed answer for unary rounds, a paced stream server of our own for stream rounds."""
