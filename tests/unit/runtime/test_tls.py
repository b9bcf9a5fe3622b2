"""TLS in and out: who is trusted, what is refused, and that sessions are resumed."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.kit.loop import run
from tests.kit.until import until
from tests.unit.runtime.authority import Authority
from tests.unit.runtime.http1.conversation import Line, Receiver, Recorder, ask, silent

from lockgate.runtime.http1.limits import Limits
from lockgate.runtime.http1.pool import Origin, Pool
from lockgate.runtime.http1.server import Server
from lockgate.runtime.tls import client_context, server_context

HEAD = b"GET /v1 HTTP/1.1\r\nhost: localhost\r\n\r\n"


@contextlib.asynccontextmanager
async def tls_server(context: ssl.SSLContext, recorder: Recorder) -> AsyncIterator[int]:
    server = Server(recorder, Limits())
    _, port = await server.listen("127.0.0.1", 0, tls=context)
    try:
        yield port
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def tls_pool(context: ssl.SSLContext | None) -> AsyncIterator[Pool]:
    pool = Pool(allow_private=True, tls_default=context)
    try:
        yield pool
    finally:
        await pool.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("given", ["file", "pem"])
def test_a_call_over_tls_reaches_a_server_over_tls(authority: Authority, loop: str, given: str) -> None:
    async def main() -> None:
        recorder = Recorder()
        context = client_context(ca_file=authority.file) if given == "file" else client_context(ca_pem=authority.pem)
        async with tls_server(server_context(*authority.issue("localhost")), recorder) as port, tls_pool(context) as pool:
            for _ in range(3):
                receiver = await ask(pool, Origin("https", "localhost", port), HEAD)
                assert (receiver.faults, receiver.body) == ([], b"GET /v1 ")
            assert len(pool.connections) == 1

    if loop == "uvloop":
        run(main())
    else:
        asyncio.run(main())


def test_large_bodies_pass_both_ways_over_tls(authority: Authority) -> None:
    async def main() -> None:
        body = bytes(range(256)) * 8192
        async with tls_server(server_context(*authority.issue("localhost")), Recorder()) as port:
            async with tls_pool(client_context(ca_file=authority.file)) as pool:
                head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
                receiver = await ask(pool, Origin("https", "localhost", port), head, body)
                assert receiver.body == b"POST / " + body

    run(main())


@pytest.mark.parametrize("case", ["untrusted", "another name", "unknown context"])
def test_a_server_that_cannot_be_verified_is_a_transport_error(authority: Authority, tmp_path: Path, case: str) -> None:
    async def main() -> None:
        name = "other.example" if case == "another name" else "localhost"
        context = client_context() if case == "untrusted" else client_context(ca_file=authority.file)
        recorder = Recorder()
        async with tls_server(server_context(*authority.issue(name)), recorder) as port, tls_pool(context) as pool:
            receiver = await ask(pool, Origin("https", "localhost", port, tls="nope" if case == "unknown context" else ""), HEAD)
            assert [fault.kind for fault in receiver.faults] == ["transport_error"]
            assert ("certificate" in receiver.faults[0].message) is (case != "unknown context")
        assert recorder.heads == []

    run(main())


def test_verification_can_be_switched_off(authority: Authority) -> None:
    async def main() -> None:
        async with tls_server(server_context(*authority.issue("other.example")), Recorder()) as port:
            async with tls_pool(client_context(verify=False)) as pool:
                assert (await ask(pool, Origin("https", "localhost", port), HEAD)).status == 200

    run(main())


def test_an_address_may_be_verified_like_a_name(authority: Authority) -> None:
    async def main() -> None:
        async with tls_server(server_context(*authority.issue("127.0.0.1")), Recorder()) as port:
            async with tls_pool(client_context(ca_file=authority.file)) as pool:
                assert (await ask(pool, Origin("https", "127.0.0.1", port), HEAD)).status == 200

    run(main())


def test_a_client_certificate_is_presented(authority: Authority, tmp_path: Path) -> None:
    async def main() -> None:
        context = server_context(*authority.issue("localhost"))
        context.load_verify_locations(cafile=str(authority.file))
        context.verify_mode = ssl.CERT_REQUIRED
        cert_file, key_file = authority.issue("gateway.example")
        async with tls_server(context, Recorder()) as port:
            known = client_context(ca_file=authority.file, cert_file=cert_file, key_file=key_file)
            async with tls_pool(known) as pool:
                pool.register("anonymous", client_context(ca_file=authority.file))
                assert (await ask(pool, Origin("https", "localhost", port), HEAD)).status == 200
                refused = await ask(pool, Origin("https", "localhost", port, tls="anonymous"), HEAD)
                assert [fault.kind for fault in refused.faults] == ["transport_error"]

    run(main())


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_second_connection_resumes_the_session_of_the_first(authority: Authority, loop: str, version: ssl.TLSVersion) -> None:
    async def main() -> None:
        context = server_context(*authority.issue("localhost"))
        context.maximum_version = version
        resumed: list[bool] = []
        async with tls_server(context, Recorder()) as port, tls_pool(client_context(ca_file=authority.file)) as pool:
            for _ in range(3):
                await ask(pool, Origin("https", "localhost", port), HEAD)
                connection = next(iter(pool.connections))
                tls = connection.transport_info("ssl_object")
                assert isinstance(tls, ssl.SSLObject)
                assert tls.version() == version.name.replace("_", ".")
                resumed.append(bool(tls.session_reused))
                connection.drop()
                await until(lambda: not pool.connections)
        assert resumed == [False, True, True]

    if loop == "uvloop":
        run(main())
    else:
        asyncio.run(main())


@pytest.mark.parametrize("protocol", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
def test_less_than_tls_1_2_is_refused(authority: Authority, protocol: ssl.TLSVersion) -> None:
    context = server_context(*authority.issue("localhost"))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert client_context().minimum_version == ssl.TLSVersion.TLSv1_2
    assert (protocol < context.minimum_version) is (protocol == ssl.TLSVersion.TLSv1_1)


def test_only_http_1_1_is_negotiated(authority: Authority) -> None:
    async def main() -> None:
        async with tls_server(server_context(*authority.issue("localhost")), Recorder()) as port:
            context = ssl.create_default_context(cafile=str(authority.file))
            context.set_alpn_protocols(["h2", "http/1.1"])
            line = Line(*await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost"))
            assert line.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
            assert (await line.ask(HEAD))[0] == 200
            await line.close()

    run(main())


def test_a_refusal_and_a_caller_who_leaves_work_over_tls(authority: Authority) -> None:
    async def main() -> None:
        recorder = Recorder(silent)
        async with tls_server(server_context(*authority.issue("localhost")), recorder) as port:
            context = ssl.create_default_context(cafile=str(authority.file))
            bad = Line(*await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost"))
            assert (await bad.ask(b"GET / HTTP/1.1\r\n\r\n"))[0] == 400
            assert await bad.rest() == b""
            await bad.close()
            gone = Line(*await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost"))
            await gone.say(HEAD)
            await until(lambda: recorder.replies)
            await gone.close()
            await until(lambda: recorder.replies[0].done)

    run(main())


def test_a_plain_caller_on_a_tls_port_is_closed(authority: Authority) -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: None)
        recorder = Recorder()
        async with tls_server(server_context(*authority.issue("localhost")), recorder) as port:
            line = Line(*await asyncio.open_connection("127.0.0.1", port))
            await line.say(HEAD)
            assert b"HTTP" not in await line.rest()
            await line.close()
        assert recorder.heads == []

    run(main())


def test_an_upstream_that_speaks_no_tls_is_a_transport_error() -> None:
    async def main() -> None:
        recorder = Recorder()
        server = Server(recorder, Limits())
        _, port = await server.listen("127.0.0.1", 0)
        async with tls_pool(client_context()) as pool:
            receiver: Receiver = await ask(pool, Origin("https", "localhost", port), HEAD)
            assert "TLS" in receiver.faults[0].message
        await server.close()

    run(main())


def test_what_is_wrong_with_a_file_is_said_in_a_sentence(authority: Authority, tmp_path: Path) -> None:
    cert_file, key_file = authority.issue("localhost")
    _, other_key = authority.issue("other.example")
    _, sealed = authority.issue("sealed.example", password=b"secret")
    text = tmp_path / "text.pem"
    text.write_text("this is no certificate")
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(ValueError, match=r"The CA file .*text\.pem cannot be used"):
        client_context(ca_file=text)
    with pytest.raises(ValueError, match=r"The CA file .*empty\.pem cannot be used"):
        client_context(ca_file=empty)
    with pytest.raises(ValueError, match=r"no such file"):
        client_context(ca_file=tmp_path / "missing.pem")
    with pytest.raises(ValueError, match="given as PEM cannot be used"):
        client_context(ca_pem="nothing")
    with pytest.raises(ValueError, match="does not belong"):
        server_context(cert_file, other_key)
    with pytest.raises(ValueError, match="encrypted"):
        server_context(tmp_path / "sealed.example.crt", sealed)
    with pytest.raises(ValueError, match="without a certificate"):
        client_context(key_file=key_file)
    with pytest.raises(ValueError, match=r"localhost\.crt"):
        server_context(cert_file, text)
