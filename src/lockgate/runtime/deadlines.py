"""
Many deadlines of one duration, for the price of a dict entry each.

A transport arms and disarms several deadlines per request; ``loop.call_later`` costs a heap push, a handle and a cancelled
entry that lingers. All deadlines of one duration expire in the order in which they were armed, so an insertion-ordered dict
is already the queue: arming appends, disarming deletes, and ONE timer aims at the oldest entry. When it fires, whatever is due
is expired and the timer aims at the then oldest; when nothing is armed there is no timer at all, so an idle process sleeps.

Promises: ``on_expire(obj)`` is called once per armed object, never early by more than the slack, late by at most the slack
(a twentieth of the duration, at most 100 ms) plus what the loop is late. The object is disarmed before the call, which may arm it
again. An exception in ``on_expire`` reaches the loop's exception handler and does not stop the others.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Deadlines of ``timeout_s`` seconds. A duration of 0 or less means "never": then nothing is ever armed."""

    __slots__ = ("_armed", "_loop", "_now", "_on_expire", "_slack_s", "_timer", "timeout_s")

    def __init__(self, loop: asyncio.AbstractEventLoop, timeout_s: float, on_expire: Callable[[T], None]) -> None:
        self.timeout_s = timeout_s
        self._loop = loop
        self._now = loop.time
        self._on_expire = on_expire
        self._slack_s = min(timeout_s / 20, 0.1)
        self._armed: dict[T, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def arm(self, obj: T) -> None:
        """Starts the deadline of ``obj``; one that is already running starts anew."""
        timeout_s = self.timeout_s
        if timeout_s <= 0:
            return
        armed = self._armed
        if obj in armed:
            del armed[obj]  # the dict must stay in order of expiry
        armed[obj] = self._now() + timeout_s
        if self._timer is None:
            self._timer = self._loop.call_later(timeout_s, self._expire_due)

    def disarm(self, obj: T) -> None:
        """Stops the deadline of ``obj``, if it runs."""
        self._armed.pop(obj, None)

    def touch(self, obj: T) -> None:
        """Starts the deadline of ``obj`` anew, if it runs."""
        if self._armed.pop(obj, None) is not None:
            self._armed[obj] = self._now() + self.timeout_s

    def __contains__(self, obj: object) -> bool:
        return obj in self._armed

    def __len__(self) -> int:
        return len(self._armed)

    def _expire_due(self) -> None:
        self._timer = None
        armed = self._armed
        now = self._now()
        due_until = now + self._slack_s
        while armed:
            obj, due = next(iter(armed.items()))
            if due > due_until:
                break
            del armed[obj]
            try:
                self._on_expire(obj)
            except Exception as error:
                self._loop.call_exception_handler({"message": "a deadline's action failed", "exception": error})
        if armed and self._timer is None:
            due = next(iter(armed.values()))
            self._timer = self._loop.call_later(max(due - now, 0.001), self._expire_due)
