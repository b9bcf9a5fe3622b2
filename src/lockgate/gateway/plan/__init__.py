"""The plan: what of the configuration can be made ready before a request comes, and the endpoints it is ready for."""
