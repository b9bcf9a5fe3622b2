"""The registry of dialects."""

from lockgate.core.providers.dialects import DIALECTS
from lockgate.model.operations import DialectName, Operation


def test_every_dialect_is_there_under_its_own_name() -> None:
    assert set(DIALECTS) == set(DialectName)
    assert all(dialect.name is name for name, dialect in DIALECTS.items())


def test_every_operation_can_be_peeked_at_in_some_dialect() -> None:
    assert {operation for dialect in DIALECTS.values() for operation in dialect.peek} == set(Operation)


def test_a_dialect_that_is_bridged_can_do_all_of_it_or_nothing() -> None:
    for dialect in DIALECTS.values():
        parts = (dialect.read_request, dialect.write_request, dialect.read_answer, dialect.write_answer, dialect.reader, dialect.writer)
        assert len({part is None for part in parts}) == 1


def test_only_openai_has_a_terminator_of_its_own() -> None:
    assert {name for name, dialect in DIALECTS.items() if dialect.terminator} == {DialectName.OPENAI_CHAT}
