"""The echo's shell keeps the manners of a pooled call: never inside ``call``, paused when told, silent when aborted."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from lockgate.gateway.echo import Echo, Playing
from lockgate.model.faults import Fault
from lockgate.model.operations import Operation


class Listener:
    """Writes down what it is told; ``react`` is called after each word with everything so far."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.body = b""
        self.react: Callable[[str], None] = lambda word: None
        self.over = asyncio.Event()

    def _hear(self, word: str) -> None:
        self.heard.append(word)
        self.react(word)

    def upstream_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        assert dict(headers)[b"content-type"]
        self._hear(f"head {status}")

    def upstream_data(self, data: bytes) -> None:
        self.body += data
        self._hear("data")

    def upstream_end(self) -> None:
        self.over.set()
        self._hear("end")

    def upstream_failed(self, fault: Fault) -> None:
        self.over.set()
        self._hear(fault.kind)


def body(text: str, stream: bool = True) -> bytes:
    return msgspec.json.encode({"model": "m", "messages": [{"role": "user", "content": text}], "stream": stream})


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(coroutine, 20))


def call(listener: Listener, text: str, stream: bool = True) -> Playing:
    return Echo().call(Operation.CHAT, b"", body(text, stream), listener)


def test_an_answer_is_played_after_the_call_returned() -> None:
    async def scene() -> None:
        listener = Listener()
        call(listener, "hello", stream=False)
        assert listener.heard == []
        await listener.over.wait()
        assert listener.heard == ["head 200", "data", "end"]
        assert msgspec.json.decode(listener.body)["choices"][0]["message"]["content"] == "hello"

    run(scene())


def test_waits_are_waited_and_a_lost_connection_is_told() -> None:
    async def scene() -> None:
        listener = Listener()
        call(listener, "/delay 1\n/slow 1\n/cut 2\none two three")
        await listener.over.wait()
        assert listener.heard == ["head 200", "data", "data", "data", "transport_error"]

    run(scene())


def test_a_paused_answer_stands_still() -> None:
    async def scene() -> None:
        listener = Listener()
        playing = call(listener, "one two three")
        listener.react = lambda word: playing.pause() if word == "data" else None
        for before in range(1, 4):
            await asyncio.sleep(0.005)
            assert listener.heard.count("data") == before
            playing.resume()
            playing.resume()
        listener.react = lambda word: None
        await listener.over.wait()
        assert listener.heard == ["head 200", *["data"] * 6, "end"]

    run(scene())


def test_pausing_and_resuming_inside_a_callback_plays_every_step_once() -> None:
    async def scene() -> None:
        listener = Listener()
        playing = call(listener, "one two three")

        def blink(word: str) -> None:
            playing.pause()
            playing.resume()

        listener.react = blink
        await listener.over.wait()
        await asyncio.sleep(0.005)
        assert listener.heard == ["head 200", *["data"] * 6, "end"]

    run(scene())


def test_a_pause_during_a_wait_holds_what_comes_after_it() -> None:
    async def scene() -> None:
        listener = Listener()
        playing = call(listener, "/delay 1\nhi")
        playing.pause()
        await asyncio.sleep(0.02)
        assert listener.heard == []
        playing.resume()
        await listener.over.wait()
        assert listener.heard[-1] == "end"

    run(scene())


def test_after_an_abort_there_is_no_further_word() -> None:
    async def scene() -> None:
        for text in ("one two three", "/delay 1\nhi", "/repeat 1000\nhi"):
            listener = Listener()
            playing = call(listener, text)
            playing.abort()
            playing.resume()
            await asyncio.sleep(0.005)
            assert listener.heard == []
        listener = Listener()
        playing = call(listener, "one two three")
        listener.react = lambda word: playing.abort() if word == "data" else None
        await asyncio.sleep(0.01)
        assert listener.heard == ["head 200", "data"]
        playing.abort()

    run(scene())


def test_silence_lasts_until_somebody_gives_up() -> None:
    async def scene() -> None:
        listener = Listener()
        playing = call(listener, "/stall 1\none two")
        await asyncio.sleep(0.01)
        playing.pause()
        playing.resume()
        await asyncio.sleep(0.01)
        assert listener.heard == ["head 200", "data", "data"]
        playing.abort()

    run(scene())


def test_a_long_answer_gives_way_to_others() -> None:
    async def scene() -> None:
        listener = Listener()
        turns: list[int] = []
        call(listener, "/repeat 1000\nhi")

        def turn() -> None:
            turns.append(len(listener.heard))
            if not listener.over.is_set():
                asyncio.get_running_loop().call_soon(turn)

        turn()
        await listener.over.wait()
        assert listener.heard.count("data") == 1003
        assert len(turns) > 10

    run(scene())


def test_every_operation_is_answered() -> None:
    async def scene() -> None:
        for operation, asked in ((Operation.COMPLETIONS, {"prompt": "x"}), (Operation.EMBEDDINGS, {"input": "x"})):
            listener = Listener()
            Echo().call(operation, b"POST / HTTP/1.1\r\n\r\n", msgspec.json.encode(asked), listener)
            await listener.over.wait()
            assert listener.heard == ["head 200", "data", "end"]

    run(scene())
