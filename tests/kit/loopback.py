"""The rule that tests reach only this machine, as a question and as an audit hook."""

import ipaddress


class BeyondLoopback(RuntimeError):
    """A test tried to reach another machine."""


def is_loopback(host: str) -> bool:
    if host in ("localhost", "", "0.0.0.0", "::"):  # the last three mean this machine, to listen on or to dial
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def check_host(host: object) -> None:
    name = host.decode(errors="replace") if isinstance(host, bytes) else host
    if isinstance(name, str) and not is_loopback(name):
        raise BeyondLoopback(f"tests reach only loopback, not {name}")


def refuse_beyond_loopback(event: str, arguments: tuple[object, ...]) -> None:
    """For ``sys.addaudithook``: raises in the call that would leave the machine, name look-ups included."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        if isinstance(address, tuple):
            check_host(address[0])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        check_host(arguments[0])
