"""How a request proves itself to a provider."""
