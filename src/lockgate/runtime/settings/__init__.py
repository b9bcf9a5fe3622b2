"""
Settings: the few things a process must know before it has resources. Read once at start; nothing else reads the environment.

One file (YAML, TOML or JSON) and ``LOCKGATE_`` variables over it. What operators change while it runs are resources.
"""

from lockgate.runtime.settings.keys import Settings
from lockgate.runtime.settings.read import SettingsError, listen_address, load

__all__ = ["Settings", "SettingsError", "listen_address", "load"]
