"""What was consumed and what it costs: estimates, observation, prices."""
