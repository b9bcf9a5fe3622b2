"""
The record spool: intents and settlements of attempts in append-only files, kept through ``kill -9`` at any instant.

``Spool`` writes (one process per folder), ``read`` reads a folder in any process, also while it is written to.
What is in the files is model/records.py; how they are laid out is docs/reference/records.md.
"""

from lockgate.gateway.spool.reader import Damage, read
from lockgate.gateway.spool.segment import SpoolFull
from lockgate.gateway.spool.writer import Spool, SpoolLocked

__all__ = ["Damage", "Spool", "SpoolFull", "SpoolLocked", "read"]
