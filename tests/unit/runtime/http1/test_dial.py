"""Dialling: in time, to a checked address, the first that answers."""

import asyncio
import os
import socket

import pytest
from tests.kit.loop import run
from tests.kit.until import until

from lockgate.runtime.address import Allowed
from lockgate.runtime.http1.dial import DialFailed, Keepalive, _connect_first, _let_go, dial, server_name


class Quiet(asyncio.Protocol):
    def __init__(self) -> None:
        self.transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport


async def dialled(port: int, host: str = "127.0.0.1", *, timeout_s: float = 5.0, allow: bool = True) -> Quiet:
    return await dial(Quiet, host, port, None, Allowed(allow), Keepalive(61, 31, 4), timeout_s)


def test_a_connection_has_no_delay_and_is_kept_alive_as_told() -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Quiet, "127.0.0.1", 0)
        protocol = await dialled(server.sockets[0].getsockname()[1])
        assert protocol.transport is not None
        sock = protocol.transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        assert [sock.getsockopt(socket.IPPROTO_TCP, option) for option in options] == [61, 31, 4]
        protocol.transport.close()
        server.close()

    run(main())


@pytest.mark.parametrize(
    ("host", "allow", "reason"),
    [
        ("127.0.0.1", False, "not public"),
        ("localhost", False, "not public"),
        ("127.1", True, "not spelled"),
        ("name.invalid:1", True, "not a name"),
        ("127.0.0.1", True, "refused"),
    ],
)
def test_what_cannot_be_dialled_is_a_transport_error_with_a_reason(host: str, allow: bool, reason: str) -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with pytest.raises(DialFailed) as failed:
            await dialled(port, host, allow=allow)
        assert failed.value.fault.kind == "transport_error"
        assert reason in failed.value.fault.message
        assert host not in str(failed.value)

    run(main())


def full_listener() -> tuple[socket.socket, list[socket.socket]]:
    """A listener that answers no further connection: its queue is full."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    queued = []
    for _ in range(3):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(listener.getsockname())
        queued.append(sock)
    return listener, queued


def test_a_connection_that_is_not_answered_is_out_of_time() -> None:
    async def main() -> None:
        listener, queued = full_listener()
        with pytest.raises(DialFailed) as failed:
            await dialled(listener.getsockname()[1], timeout_s=0.05)
        assert failed.value.fault.kind == "upstream_timeout"
        for sock in (listener, *queued):
            sock.close()

    run(main())


def test_an_address_that_does_not_answer_or_refuses_is_passed_over() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        listener, queued = full_listener()
        server = await loop.create_server(Quiet, "127.0.0.1", 0)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            refusing = taken.getsockname()
        good = server.sockets[0].getsockname()
        addresses = [(socket.AF_INET, where) for where in (refusing, listener.getsockname(), good)]
        sock = await _connect_first(loop, addresses, Keepalive())
        assert sock.getpeername() == good
        sock.close()
        server.close()
        for other in (listener, *queued):
            other.close()
        await until(lambda: len(asyncio.all_tasks()) == 1)

    run(main())


def test_when_every_address_refuses_the_last_reason_is_given() -> None:
    async def main() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            refusing = taken.getsockname()
        with pytest.raises(ConnectionRefusedError):
            await _connect_first(asyncio.get_running_loop(), [(socket.AF_INET, refusing)] * 2, Keepalive(0))

    run(main())


def test_the_name_of_a_certificate_has_no_brackets_and_no_final_dot() -> None:
    assert [server_name(host) for host in ("a.b", "a.b.", "[::1]")] == ["a.b", "a.b", "::1"]


def open_sockets() -> int:
    return sum(os.readlink(f"/proc/self/fd/{number}").startswith("socket:") for number in os.listdir("/proc/self/fd") if _is_open(number))


def _is_open(number: str) -> bool:
    return os.path.exists(f"/proc/self/fd/{number}") or os.path.islink(f"/proc/self/fd/{number}")


@pytest.mark.parametrize("steps", range(12))
def test_dialling_that_is_cancelled_at_any_step_leaves_no_socket_open(steps: int) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Quiet, "127.0.0.1", 0)
        before = open_sockets()
        where = (socket.AF_INET, server.sockets[0].getsockname())
        for dialling in (dialled(server.sockets[0].getsockname()[1]), _connect_first(loop, [where, where], Keepalive())):
            task: asyncio.Task[object] = asyncio.ensure_future(dialling)
            for _ in range(steps):
                await asyncio.sleep(0)
            if task.cancel():
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                done = task.result()
                if isinstance(done, socket.socket):
                    done.close()
                else:
                    assert isinstance(done, Quiet)
                    assert done.transport is not None
                    done.transport.close()
        await until(lambda: len(asyncio.all_tasks()) == 1)
        await until(lambda: open_sockets() == before)
        server.close()

    run(main())


def test_a_socket_that_the_loop_has_closed_is_not_closed_twice() -> None:
    one, other = socket.socketpair()
    inode, number = os.fstat(one.fileno()).st_ino, one.fileno()
    os.close(number)
    reused = os.open(os.devnull, os.O_RDONLY)
    assert reused == number
    _let_go(one, inode)
    os.fstat(reused)
    os.close(reused)
    _let_go(other, os.fstat(other.fileno()).st_ino)
    assert other.fileno() == -1
