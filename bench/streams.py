"""
The reader of paced streams: opens many at once through a target and accounts for every chunk. Its counterpart is `bench.upstream.paced`.

    python -m bench.streams '{"port": 3000, "streams": 64, ...}'        # an Order as JSON; prints a Tally as JSON

Streams are opened evenly over ``ramp_s``, so that their chunks are spread over the period and not sent in bursts. The CPU of the target
is read here, at the two ends of a window in which all streams are open, because only the reader knows how many chunks fell into it.
"""

import asyncio
import sys
import time
from typing import cast

import httptools
import msgspec
import uvloop

from bench import processes
from bench.upstream import payload


class Order(msgspec.Struct, frozen=True):
    port: int
    streams: int
    per_second: float
    window_s: float
    model: str
    headers: dict[str, str]
    pid: int | None
    """The target, whose CPU is measured; None for the mock read directly."""
    ramp_s: float = 1.0

    @property
    def chunks(self) -> int:
        """Long enough that all streams are open for the whole window, with a margin of a second before it and after it."""
        return round((self.ramp_s + 2 + self.window_s) * self.per_second)


class Tally(msgspec.Struct, frozen=True):
    expected: int
    received: int
    lost: int
    out_of_order: int
    """Chunks that came twice or before an earlier one."""
    incomplete: int
    """Streams answered with 200 that lack their usage, their [DONE] or their end."""
    failed: int
    """Streams that were never answered with 200."""
    first_p50_us: float
    first_p99_us: float
    delay_p50_us: float
    delay_p99_us: float
    cpu_us_per_chunk: float | None
    target_busy: float | None
    reader_busy: float


class Reader:
    """All streams of one run: the counts they share, and the window."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.received = self.out_of_order = self.open = 0
        self.delays_ns: list[int] = []
        self.firsts_ns: list[int] = []
        self.streams: list[Stream] = []
        self.window: list[tuple[int, int, int]] = []
        self.all_closed = asyncio.Event()
        body = payload.request(order.model, stream=True, order=payload.order_of(order.chunks, order.per_second))
        headers = "".join(f"{name}: {value}\r\n" for name, value in order.headers.items())
        self.request = f"POST {payload.PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body

    async def run(self) -> Tally:
        loop, order = asyncio.get_running_loop(), self.order
        began = loop.time()
        loop.call_at(began + order.ramp_s + 1, self._mark)
        loop.call_at(began + order.ramp_s + 1 + order.window_s, self._mark)
        openings = [self._open(began + number * order.ramp_s / order.streams) for number in range(order.streams)]
        await asyncio.gather(*openings)
        if self.open:
            self.all_closed.clear()
            # Streams that are late get as long again as they should have taken, and are given up then.
            limit_s = order.chunks / order.per_second * 2 + 10
            try:
                await asyncio.wait_for(self.all_closed.wait(), limit_s)
            except TimeoutError:
                for stream in self.streams:
                    stream.transport.abort()
        return self._tally()

    async def _open(self, when: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(when - loop.time())
        self.open += 1
        try:
            await loop.create_connection(lambda: Stream(self), "127.0.0.1", self.order.port)
        except OSError:
            self.closed()

    def closed(self) -> None:
        self.open -= 1
        if not self.open:
            self.all_closed.set()

    def _mark(self) -> None:
        used_ns = processes.cpu(self.order.pid).ns if self.order.pid else 0
        self.window.append((self.received, used_ns, time.process_time_ns()))

    def _tally(self) -> Tally:
        order = self.order
        expected = order.streams * order.chunks
        answered = sum(stream.status == 200 for stream in self.streams)
        complete = sum(stream.complete for stream in self.streams)
        (count0, cpu0, own0), (count1, cpu1, own1) = self.window if len(self.window) == 2 else ((0, 0, 0), (0, 0, 0))
        chunks = count1 - count0
        measured = bool(order.pid and chunks)
        return Tally(
            expected=expected,
            received=self.received,
            lost=expected - self.received,
            out_of_order=self.out_of_order,
            incomplete=answered - complete,
            failed=order.streams - answered,
            first_p50_us=_percentile(self.firsts_ns, 0.50),
            first_p99_us=_percentile(self.firsts_ns, 0.99),
            delay_p50_us=_percentile(self.delays_ns, 0.50),
            delay_p99_us=_percentile(self.delays_ns, 0.99),
            cpu_us_per_chunk=(cpu1 - cpu0) / chunks / 1000 if measured else None,
            target_busy=(cpu1 - cpu0) / order.window_s / 1e9 if measured else None,
            reader_busy=(own1 - own0) / order.window_s / 1e9,
        )


class Stream(asyncio.Protocol):
    """One stream: finds the marks in whatever framing the target chose."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.status = 0
        self.next = 0
        self.rest = b""
        self.complete = False
        reader.streams.append(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.parser = httptools.HttpResponseParser(self)
        self.asked_ns = time.monotonic_ns()
        self.transport.write(self.reader.request)

    def data_received(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.reader.closed()

    def on_headers_complete(self) -> None:
        self.status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        now_ns = time.monotonic_ns()
        text = self.rest + body
        at = 0
        while (start := text.find(payload.MARK, at)) >= 0:
            end = text.find(payload.MARK, start + 1)
            if end < 0:
                break
            self._chunk(text[start + 1 : end], now_ns)
            at = end + 1
        # Until the last chunk only an unfinished mark is kept; from then on everything, to look for the usage and the end marker.
        last = self.next >= self.reader.order.chunks
        self.rest = text[at:] if last or start >= 0 else b""

    def _chunk(self, mark: bytes, now_ns: int) -> None:
        sequence, _, sent_ns = mark.partition(b":")
        reader, number = self.reader, int(sequence)
        if number < self.next:
            reader.out_of_order += 1
            return
        if number == 0:
            reader.firsts_ns.append(now_ns - self.asked_ns)
        self.next = number + 1
        reader.received += 1
        reader.delays_ns.append(now_ns - int(sent_ns))

    def on_message_complete(self) -> None:
        self.complete = payload.DONE in self.rest and payload.USAGE in self.rest
        self.transport.close()


def _percentile(values: list[int], share: float) -> float:
    """In microseconds, from nanoseconds; 0 when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1000 if ordered else 0.0


async def read(order: Order) -> Tally:
    return await Reader(order).run()


if __name__ == "__main__":
    print(msgspec.json.encode(uvloop.run(read(msgspec.json.decode(sys.argv[1], type=Order)))).decode())
