"""
Minted credentials: bearer tokens of Entra ID, fetched when they are needed and kept while they hold.

One fetch per credential at a time, however many exchanges wait for it; nobody who leaves takes it from the others. In
the last minutes of a token's life a new one is fetched beside the traffic, and the old one serves until it must not.
When the token endpoint is down or refuses, callers get a fault (transport_error, upstream_credential), and the next
fetch waits a little, so that a wrong secret does not become a flood of attempts to sign in.
"""

import asyncio

import msgspec

from lockgate.core.providers.sign.entra import EntraCredential, Token, TokenRequest, read_token, token_request
from lockgate.model.faults import Fault, fault
from lockgate.runtime.clock import Clock
from lockgate.runtime.http1.pool import Origin, Pool
from lockgate.runtime.tasks import spawn

REFRESH_S = 300.0
"""So long before its end a token is renewed beside the traffic; a fifth of its life for short-lived ones."""
LAST_S = 30.0
"""So long before its end it is no longer sent: clocks differ, and a request takes time."""
ANSWER_LIMIT_BYTES = 64 << 10
_REFUSED_S, _FAILED_S = 10.0, 1.0


class _Kept(msgspec.Struct, frozen=True):
    """What the last fetch gave. A fault is kept too, for a moment."""

    result: bytes | Fault
    renew_at: float
    until: float

    def __repr__(self) -> str:
        return "_Kept()"


class Minting:
    """Tokens by credential. Made inside a running loop."""

    __slots__ = ("_clock", "_fetching", "_kept", "_pool", "_timeout_s", "_user_agent")

    def __init__(self, pool: Pool, clock: Clock, user_agent: str = "Lockgate", timeout_s: float = 10.0) -> None:
        self._pool = pool
        self._clock = clock
        self._user_agent = user_agent
        self._timeout_s = timeout_s
        self._kept: dict[EntraCredential, _Kept] = {}
        self._fetching: dict[EntraCredential, asyncio.Task[bytes | Fault]] = {}

    async def token(self, credential: EntraCredential) -> bytes | Fault:
        """A token that holds, or why there is none."""
        found = self.ready(credential)
        # Shielded: the fetch belongs to everybody who waits for it.
        return await asyncio.shield(self._fetch(credential)) if found is None else found

    def ready(self, credential: EntraCredential) -> bytes | Fault | None:
        """What is known now, without waiting; None when it has to be fetched."""
        kept, now = self._kept.get(credential), self._clock.ticks()
        if kept is None or now >= kept.until:
            return None
        if now >= kept.renew_at:
            self._fetch(credential)
        return kept.result

    def drop(self, credential: EntraCredential, token: bytes) -> None:
        """The upstream refused this token (401): the next exchange fetches another. A newer token stays."""
        kept = self._kept.get(credential)
        if kept is not None and kept.result == token:
            del self._kept[credential]

    def _fetch(self, credential: EntraCredential) -> asyncio.Task[bytes | Fault]:
        task = self._fetching.get(credential)
        if task is None:
            task = self._fetching[credential] = spawn(self._mint(credential), name="mint a token")
            task.add_done_callback(lambda _: self._fetching.pop(credential, None))
        return task

    async def _mint(self, credential: EntraCredential) -> bytes | Fault:
        answer = await self._ask(token_request(credential, self._user_agent))
        result = answer if isinstance(answer, Fault) else read_token(*answer)
        now = self._clock.ticks()
        self._kept = {each: kept for each, kept in self._kept.items() if now < kept.until}
        if isinstance(result, Token):
            kept = _kept(result, now)
        else:
            old = self._kept.get(credential)
            if old is not None and isinstance(old.result, bytes):
                # The renewal failed, but what there is still holds: try again a little later.
                self._kept[credential] = msgspec.structs.replace(old, renew_at=now + _FAILED_S)
                return old.result
            wait_s = _REFUSED_S if result.kind == "upstream_credential" else _FAILED_S
            kept = _Kept(result, now + wait_s, now + wait_s)
        self._kept[credential] = kept
        return kept.result

    async def _ask(self, request: TokenRequest) -> tuple[int, bytes] | Fault:
        receiver = _Receiver()
        call = self._pool.call(Origin(request.scheme, request.host, request.port), request.head, request.body, receiver)
        try:
            async with asyncio.timeout(self._timeout_s):
                return await receiver.answer
        except TimeoutError:
            return fault("transport_error", reason="its token endpoint did not answer in time")
        finally:
            # Without effect once the answer is complete.
            call.abort()


def _kept(token: Token, now: float) -> _Kept:
    life_s = float(token.lifetime_s)
    return _Kept(token.text.encode(), now + life_s - min(REFRESH_S, life_s / 5), now + life_s - min(LAST_S, life_s / 10))


class _Receiver:
    """One answer of a token endpoint, whole."""

    __slots__ = ("_data", "_status", "answer")

    def __init__(self) -> None:
        self._status = 0
        self._data = b""
        self.answer: asyncio.Future[tuple[int, bytes] | Fault] = asyncio.get_running_loop().create_future()

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._status = status

    def upstream_data(self, data: bytes) -> None:
        self._data += data
        if len(self._data) > ANSWER_LIMIT_BYTES:
            self._tell(fault("transport_error", reason="its token endpoint sent an answer that is too large"))

    def upstream_end(self) -> None:
        self._tell((self._status, self._data))

    def upstream_failed(self, fault: Fault) -> None:
        self._tell(_unreachable())

    def _tell(self, answer: tuple[int, bytes] | Fault) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


def _unreachable() -> Fault:
    return fault("transport_error", reason="its token endpoint could not be reached")
