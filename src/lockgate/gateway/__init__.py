"""The data plane: relays exchanges, governed. Imports nothing of the control plane."""
