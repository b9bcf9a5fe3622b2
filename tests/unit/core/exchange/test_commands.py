from lockgate.core.exchange.commands import Command
from lockgate.core.exchange.machine import NEXT_TARGET, TABLE


def test_every_command_is_emitted_somewhere() -> None:
    steps = [step for row in TABLE.values() for step in row.values()] + list(NEXT_TARGET.values())
    assert {command for step in steps for command in step.commands} == set(Command)
