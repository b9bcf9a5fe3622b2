"""
The built-in provider's shell: plays a script of ``core/providers/echo`` to whoever would listen to the upstream pool.

Same callbacks, same rules as a pooled call: nothing is called back inside ``call`` itself, pausing holds everything
back, aborting ends it without a further word. Steps without a wait need no timer, and a long answer gives way to
other callers of the loop now and then.
"""

import asyncio
from collections.abc import Iterator

from lockgate.core.providers.echo.script import Data, End, Fail, Head, Silence, Step, Wait, script
from lockgate.model.faults import fault
from lockgate.model.operations import Operation
from lockgate.runtime.http1.client import Answering
from lockgate.runtime.tasks import TaskFailed, places

_STEPS_IN_A_ROW = 64


class Echo:
    """Stands where the pool stands for targets that are ``in_process``."""

    __slots__ = ("_loop",)

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._loop = loop

    def call(self, operation: Operation, head: bytes, body: bytes, answering: Answering) -> "Playing":
        """``head`` is not read: there is nobody to send it to."""
        return Playing(script(operation, body), answering, self._loop or asyncio.get_running_loop())


class Playing:
    """One answer under way; it has the handle of a pooled call."""

    __slots__ = ("_answering", "_handle", "_loop", "_over", "_paused", "_running", "_steps")

    def __init__(self, steps: Iterator[Step], answering: Answering, loop: asyncio.AbstractEventLoop) -> None:
        self._steps = steps
        self._answering = answering
        self._loop = loop
        self._paused = False
        self._over = False
        self._running = False
        self._handle: asyncio.Handle | None = loop.call_soon(self._run)

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            if self._handle is None and not self._over and not self._running:
                self._handle = self._loop.call_soon(self._run)

    def abort(self) -> None:
        self._over = True
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run(self) -> None:
        self._handle = None
        self._running = True
        try:
            wait_ms = self._play_some()
        except Exception as error:
            self._loop.call_exception_handler({"message": "task failed", "exception": TaskFailed(places(error))})
            wait_ms = None
            if not self._over:
                self._over = True
                self._answering.upstream_failed(fault("internal"))
        finally:
            self._running = False
        if wait_ms is not None and not self._over:
            self._handle = self._loop.call_later(wait_ms / 1000, self._run) if wait_ms else self._loop.call_soon(self._run)

    def _play_some(self) -> int | None:
        """Plays on; how long to wait before the next turn, None when somebody else has to start it, if anybody."""
        for _ in range(_STEPS_IN_A_ROW):
            if self._paused or self._over:
                return None
            step = next(self._steps)
            if isinstance(step, Wait):
                if step.ms:
                    return step.ms
            elif not self._play(step):
                return None
        return None if self._paused else 0

    def _play(self, step: Step) -> bool:
        """Whether there is a next step."""
        if isinstance(step, Data):
            self._answering.upstream_data(step.data)
            return True
        if isinstance(step, Head):
            self._answering.upstream_head(step.status, list(step.headers))
            return True
        self._over = True
        if isinstance(step, End):
            self._answering.upstream_end()
        elif isinstance(step, Fail):
            self._answering.upstream_failed(step.fault)
        else:
            # Silence: whoever waits has to give up by itself, as with an upstream that hangs.
            assert isinstance(step, Silence)
        return False
