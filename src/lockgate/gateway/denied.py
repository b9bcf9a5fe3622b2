"""
Denied: what the log says of a refused credential (section 7.2 of the reference). Scanners of the internet present unknown keys all day,
so those are told only when debugging; a key of ours that is disabled or expired is somebody's problem, and is a warning.

A 401 writes no access line and moves no request metric: beside this it shows only in the counter of decisions.
"""

from typing import ClassVar

from lockgate.gateway.sight.clients import masked
from lockgate.model.faults import Fault
from lockgate.runtime.logs import Level, Line, LogWriter


class CredentialRefused(Line, frozen=True, tag="credential refused"):
    level: ClassVar[Level] = Level.DEBUG
    path: str
    request_id: str
    client: str
    reason: str


class KeyRefused(Line, frozen=True, tag="key refused"):
    level: ClassVar[Level] = Level.WARNING
    path: str
    request_id: str
    client: str
    reason: str
    api_key_id: str


def tell(log: LogWriter, path: str, request_id: str, address: str, refusal: Fault, api_key_id: str) -> None:
    """``api_key_id`` is empty when the credential is nobody's."""
    if api_key_id:
        log.write(KeyRefused(path, request_id, masked(address), refusal.kind, api_key_id))
    elif log.debug:
        log.write(CredentialRefused(path, request_id, masked(address), refusal.kind))
