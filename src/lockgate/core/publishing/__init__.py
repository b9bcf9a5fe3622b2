"""From what people write (resources) to what gateways run (a snapshot): validate, compile, diff."""
