"""The plumbing both programs share: clock, ids, tasks, settings, logs, metrics, HTTP/1.1. Decides nothing about requests."""
