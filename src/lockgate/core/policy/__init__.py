"""Who may do what: each module decides from the snapshot, the facts of a request and the time it is given."""
