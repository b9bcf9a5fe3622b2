"""
Runs a coroutine as the programs do, on uvloop. Tests stay plain functions: ``run(main())``.

The loop refuses to connect anywhere but to loopback, which the audit hook of ``conftest.py`` cannot see it do, and
closes what a failed test left open.
"""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any, TypeVar

import uvloop
from tests.kit.loopback import check_host

T = TypeVar("T")


class LoopbackLoop(uvloop.Loop):
    """uvloop, on this machine only."""

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **options: Any) -> Any:
        check_host(host)
        return await super().create_connection(protocol_factory, host, port, **options)

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        if isinstance(address, tuple):
            check_host(address[0])
        await super().sock_connect(sock, address)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=LoopbackLoop) as runner:
        return runner.run(coroutine)
