"""
Server-sent events: the one splitter of byte streams into frames, and what may be read from a frame.

Rule 1: a frame is everything up to and including the second of two line ends in a row; a line end is LF, CRLF or CR,
mixed as the sender likes (WHATWG HTML section 9.2.6). The frames joined are the stream, less a byte order mark at its start.
Rule 2: the same stream gives the same frames however it is cut into pieces. Hence a frame that ends in CR waits for the
next byte, which may be the LF that belongs to it.
Rule 3: time is linear in the bytes, also when one frame comes byte by byte.
"""

_BOM = b"\xef\xbb\xbf"
_CR, _LF, _COLON = 13, 10, 58


class FrameTooLong(Exception):
    """A frame grew beyond the limit. The stream cannot be read any further."""


class Splitter:
    """Bytes of one stream in, complete raw frames out."""

    __slots__ = ("_fresh", "_held", "_limit_bytes", "_overrun")

    def __init__(self, limit_bytes: int = 1 << 20) -> None:
        self._limit_bytes = limit_bytes
        self._held = bytearray()
        self._fresh = True
        """The slow way must look first: at the start for a byte order mark, after an overrun to refuse."""
        self._overrun = False

    def feed(self, data: bytes) -> list[bytes]:
        """Frames that ``data`` completes. Raises FrameTooLong, but never before the frames that came first were given."""
        if self._held or self._fresh or b"\r" in data or len(data) > self._limit_bytes:
            return self._feed_slowly(data)
        if data[-2:] == b"\n\n" and (data.count(b"\n") == 2 or data.find(b"\n\n") == len(data) - 2):
            return [data]
        pieces = data.split(b"\n\n")
        self._held += pieces.pop()
        return [piece + b"\n\n" for piece in pieces]

    def end(self) -> list[bytes]:
        """
        Frames that the end of the stream completes: one whose last line has its line end but whose blank line is missing,
        and a closing ``[DONE]``, which some servers do not terminate. Anything else left over is a truncated frame: see ``rest``.
        """
        if self._overrun:
            raise FrameTooLong
        self._strip_bom()
        frame = bytes(self._held)
        if frame.endswith((b"\r\r", b"\n\r")):
            self._held.clear()
            return [frame]
        if frame.strip() and frame.endswith((b"\n", b"\r")):
            self._held.clear()
            return [frame + (b"\r\n" if frame.endswith(b"\r\n") else frame[-1:])]
        if frame.strip() == b"data: [DONE]":
            self._held.clear()
            return [frame + b"\n\n"]
        return []

    def rest(self) -> bytes:
        """What is held of a frame that is not complete."""
        return bytes(self._held)

    def _feed_slowly(self, data: bytes) -> list[bytes]:
        if self._overrun:
            raise FrameTooLong
        held = self._held
        # A pair of line ends may begin in the last byte held; one that ended in CR there has been waiting for this byte.
        scan = max(0, len(held) - 2)
        held += data
        if self._fresh:
            if _BOM.startswith(held[:3]) and len(held) < 3:
                return []
            self._strip_bom()
            scan = 0
        frames = self._cut(scan)
        if self._overrun:
            held.clear()
            self._fresh = True
            if not frames:
                raise FrameTooLong
        return frames

    def _cut(self, scan: int) -> list[bytes]:
        """Take all complete frames out of what is held; ``scan`` is where the search for line ends resumes."""
        held, end, limit = self._held, len(self._held), self._limit_bytes
        frames: list[bytes] = []
        start = 0
        # Two line ends in a row always contain one of these pairs, and CRLF alone contains none.
        lf_lf, lf_cr, cr_cr = held.find(b"\n\n", scan), held.find(b"\n\r", scan), held.find(b"\r\r", scan)
        while True:
            if 0 <= lf_lf < start:
                lf_lf = held.find(b"\n\n", start)
            if 0 <= lf_cr < start:
                lf_cr = held.find(b"\n\r", start)
            if 0 <= cr_cr < start:
                cr_cr = held.find(b"\r\r", start)
            found = [position for position in (lf_lf, lf_cr, cr_cr) if position >= 0]
            if not found:
                break
            stop = min(found) + 2
            if held[stop - 1] == _CR:
                if stop == end:
                    break
                if held[stop] == _LF:
                    stop += 1
            if stop - start > limit:
                self._overrun = True
                return frames
            frames.append(bytes(held[start:stop]))
            start = stop
        self._overrun = end - start > limit
        if start:
            del held[:start]
        return frames

    def _strip_bom(self) -> None:
        if self._fresh and self._held:
            self._fresh = False
            if self._held.startswith(_BOM):
                del self._held[:3]


def data_of(frame: bytes) -> bytes | None:
    """The data lines of a frame, joined by LF; None when it has none."""
    if frame[:6] == b"data: " and frame.find(b"\n") == len(frame) - 2 and b"\r" not in frame:
        return frame[6:-2]
    lines: list[bytes] = []
    for line in frame.splitlines():
        if line[:4] != b"data":
            continue
        if len(line) == 4:
            lines.append(b"")
        elif line[4] == _COLON:
            lines.append(line[6:] if line[5:6] == b" " else line[5:])
    return b"\n".join(lines) if lines else None


def event_of(frame: bytes) -> bytes:
    """The event type of a frame; empty when it names none. The last ``event`` line counts."""
    if b"event" not in frame:
        return b""
    event = b""
    for line in frame.splitlines():
        if line[:5] != b"event":
            continue
        if len(line) == 5:
            event = b""
        elif line[5] == _COLON:
            event = line[7:] if line[6:7] == b" " else line[6:]
    return event


def is_comment(frame: bytes) -> bool:
    """Whether a frame has nothing but comments (or nothing at all), so that no client sees an event in it."""
    if frame[:1] not in b":\r\n":
        return False
    return all(line[:1] in b":" for line in frame.splitlines())
