"""The guard itself: tests reach this machine and no other."""

import asyncio
import socket

import pytest
from tests.kit.loop import run
from tests.kit.loopback import BeyondLoopback, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "0.0.0.0"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "2001:db8::1", "fe80::1%lo", "models.example"])
def test_other_machines_are_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def test_a_socket_cannot_leave_the_machine() -> None:
    with socket.socket() as sock, pytest.raises(BeyondLoopback):
        sock.connect(("192.0.2.1", 80))
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(BeyondLoopback):
        sock.sendto(b"x", ("192.0.2.1", 80))


def test_other_names_are_not_looked_up() -> None:
    with pytest.raises(BeyondLoopback):
        socket.getaddrinfo("models.example", 443)


def test_the_loop_cannot_leave_the_machine() -> None:
    async def leave() -> None:
        await asyncio.get_running_loop().create_connection(asyncio.Protocol, "192.0.2.1", 80)

    with pytest.raises(BeyondLoopback):
        run(leave())


def test_the_loop_reaches_this_machine() -> None:
    async def stay() -> bytes:
        async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        said = await reader.read()
        writer.close()
        server.close()
        return said

    assert run(stay()) == b"hello"
