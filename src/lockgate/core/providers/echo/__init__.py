"""The built-in provider: says back what was said, deterministically, and fails in every way a provider can when told to."""
