"""Who serves a model: rows of data, addresses, credentials and the edits a provider key asks for."""
