"""
One exchange's life, from admission to settlement.

Rule 1: every change of phase is a row of the table in this file.
Rule 2: this file knows no dialect and no transport; it sees events and emits commands.
Rule 3: an admitted exchange settles exactly once and every dialled attempt is recorded exactly once, however it ends.
Rule 4: after the first byte to the caller (SHOWING) no other target is dialled.
Rule 5: what is recorded is recorded before the caller is told, so that a crash between the two charges what was used.

    ADMITTING --Admitted--> DIALING --UpstreamHead--> RELAYING --chunk, silence--> SHOWING
        | Refused -> DONE     ^ |                        |                            |
        |                     | | failed, and a target   | failed, and a target left  |
        | CallerGone          +-+ left                   | (back to DIALING)          |
        v                                                v                            v
    ABANDONED --Admitted or Refused--> DONE <----- end, final failure, CallerGone (settle)
        (a hold in flight is still answered, else it leaks)
"""

from collections.abc import Mapping
from enum import IntEnum, auto
from typing import Generic, NamedTuple, TypeVar

from lockgate.core.exchange.commands import Command
from lockgate.core.exchange.events import Event
from lockgate.model.faults import Fault


class Phase(IntEnum):
    ADMITTING = 0
    DIALING = auto()
    RELAYING = auto()
    SHOWING = auto()
    ABANDONED = auto()
    DONE = auto()


class Step(NamedTuple):
    phase: Phase
    commands: tuple[Command, ...]


_FAILED = (Command.RECORD, Command.SEND_FAULT, Command.SETTLE, Command.OBSERVE)
_LATE = (Command.ABORT, *_FAILED)
_LEFT = (Command.ABORT, Command.RECORD, Command.SETTLE, Command.OBSERVE)

TABLE: dict[Phase, dict[Event, Step]] = {
    Phase.ADMITTING: {
        Event.ARRIVED: Step(Phase.ADMITTING, (Command.HOLD,)),
        Event.ADMITTED: Step(Phase.DIALING, (Command.DIAL,)),
        Event.REFUSED: Step(Phase.DONE, (Command.SEND_FAULT, Command.OBSERVE)),
        Event.CALLER_GONE: Step(Phase.ABANDONED, ()),
    },
    Phase.DIALING: {
        Event.UPSTREAM_HEAD: Step(Phase.RELAYING, ()),
        Event.UPSTREAM_FAILED: Step(Phase.DONE, _FAILED),
        Event.TIMED_OUT: Step(Phase.DONE, _LATE),
        Event.CALLER_GONE: Step(Phase.DONE, _LEFT),
    },
    Phase.RELAYING: {
        Event.UPSTREAM_CHUNK: Step(Phase.SHOWING, (Command.SEND_HEAD, Command.SEND_DATA)),
        Event.SILENCE: Step(Phase.SHOWING, (Command.SEND_HEAD, Command.SEND_BEAT)),
        Event.UPSTREAM_END: Step(Phase.DONE, (Command.RECORD, Command.FINISH, Command.SETTLE, Command.OBSERVE)),
        Event.UPSTREAM_FAILED: Step(Phase.DONE, _FAILED),
        Event.TIMED_OUT: Step(Phase.DONE, _LATE),
        Event.CALLER_GONE: Step(Phase.DONE, _LEFT),
    },
    Phase.SHOWING: {
        Event.UPSTREAM_CHUNK: Step(Phase.SHOWING, (Command.SEND_DATA,)),
        Event.SILENCE: Step(Phase.SHOWING, (Command.SEND_BEAT,)),
        Event.UPSTREAM_END: Step(Phase.DONE, (Command.RECORD, Command.FINISH, Command.SETTLE, Command.OBSERVE)),
        Event.UPSTREAM_FAILED: Step(Phase.DONE, _FAILED),
        Event.TIMED_OUT: Step(Phase.DONE, _LATE),
        Event.CALLER_GONE: Step(Phase.DONE, _LEFT),
    },
    Phase.ABANDONED: {
        Event.ADMITTED: Step(Phase.DONE, (Command.SETTLE, Command.OBSERVE)),
        Event.REFUSED: Step(Phase.DONE, (Command.OBSERVE,)),
    },
    Phase.DONE: {},
}

NEXT_TARGET: dict[Event, Step] = {
    Event.UPSTREAM_FAILED: Step(Phase.DIALING, (Command.RECORD, Command.DIAL)),
    Event.TIMED_OUT: Step(Phase.DIALING, (Command.ABORT, Command.RECORD, Command.DIAL)),
}
"""Instead of the table's row while nothing was shown, the fault is retryable and a target is left."""

A = TypeVar("A")
Row = tuple[Phase, tuple[A, ...]] | None


class Play(Generic[A]):
    """The table with something in place of each command: the driver puts its own functions there, once."""

    __slots__ = ("next_target", "rows")

    def __init__(self, actions: Mapping[Command, A]) -> None:
        def played(step: Step | None) -> Row[A]:
            return None if step is None else (step.phase, tuple(actions[command] for command in step.commands))

        self.rows = tuple(tuple(played(TABLE[phase].get(event)) for event in Event) for phase in Phase)
        self.next_target = tuple(played(NEXT_TARGET.get(event)) for event in Event)


COMMANDS = Play({command: command for command in Command})


class Exchange(Generic[A]):
    """``targets`` is how many attempts there may be; the driver knows which."""

    __slots__ = ("_play", "phase", "targets_left")

    def __init__(self, play: Play[A], targets: int = 1) -> None:
        self._play = play
        self.phase = Phase.ADMITTING
        self.targets_left = targets - 1

    def receive(self, event: Event, fault: Fault | None = None) -> tuple[A, ...]:
        """What to do, in order. Raises ValueError for an event that cannot happen in this phase: a bug in the driver."""
        row = self._play.rows[self.phase][event]
        if row is None:
            raise ValueError(f"{event.name} is not legal while {self.phase.name}")
        if fault is not None and self.targets_left and fault.retryable and self.phase < Phase.SHOWING:
            again = self._play.next_target[event]
            if again is not None:
                self.targets_left -= 1
                row = again
        self.phase, actions = row
        return actions
