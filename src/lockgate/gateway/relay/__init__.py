"""The relay: one driver per exchange, one attempt per dial, and what they ask of the house they live in."""
