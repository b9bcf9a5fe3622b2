"""The sweep finds every plant, in every form, and cries for nothing else."""

import random
from pathlib import Path

import pytest
from tests.kit.canaries import Canaries, Sweep, planted, session

_SEEDS = range(20)
_WAYS = sorted(planted("x"))


def _sweep(seed: int = 1) -> tuple[Canaries, Sweep]:
    canaries = Canaries(seed)
    return canaries, Sweep(canaries)


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("made", ["new", "core"])
def test_every_plant_is_found(way: str, made: str) -> None:
    for seed in _SEEDS:
        canaries, sweep = _sweep(seed)
        for kind in ("prompt", "answer", "key"):
            text = getattr(canaries, made)(kind)
            sweep.collect(f"log of {kind}", b"some log before " + planted(text)[way] + b" and after")
        assert sorted((leak.kind, leak.place) for leak in sweep.leaks()) == [
            ("answer", "log of answer"),
            ("key", "log of key"),
            ("prompt", "log of prompt"),
        ]


def test_every_form_at_once_is_found_with_its_name() -> None:
    canaries, sweep = _sweep()
    text = canaries.new("prompt")
    for data in planted(text).values():
        sweep.collect("log", data)
    forms = {leak.form for leak in sweep.leaks()}
    assert forms >= {"raw", "hex", "percent-encoded", "JSON escapes", "byte escapes", "UTF-16", "base64", "raw, cut"}


def test_nothing_is_found_where_nothing_is() -> None:
    canaries, sweep = _sweep()
    for _ in range(200):
        canaries.new("prompt")
    noise = random.Random(3)
    sweep.collect("noise", noise.randbytes(200_000))
    sweep.collect("words", "the canary cnry cnry7q cnry7qabc sings " * 1000)
    other, _ = _sweep(99)
    sweep.collect("a canary of another sweep", other.new("prompt"))
    assert sweep.leaks() == []
    sweep.check()


def test_a_leak_says_what_leaked_where_and_beside_what_but_not_itself() -> None:
    canaries, sweep = _sweep()
    text = canaries.core("key")
    sweep.collect("metrics", f'requests_total{{key="{text}"}} 1')
    (leak,) = sweep.leaks()
    assert (leak.kind, leak.place, leak.form) == ("key", "metrics", "raw")
    assert leak.around == "'requests_total{key=\"***\"}1'"
    with pytest.raises(AssertionError, match="key in metrics as raw") as caught:
        sweep.check()
    assert text not in str(caught.value)


def test_a_sweep_that_collected_nothing_proves_nothing() -> None:
    _, sweep = _sweep()
    with pytest.raises(AssertionError, match="collected nothing"):
        sweep.check()


def test_files_of_a_folder_and_their_names_are_searched(tmp_path: Path) -> None:
    canaries, sweep = _sweep()
    first, second = canaries.core("prompt"), canaries.core("key")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "000001.spool").write_bytes(b"\x00\x93" + first.encode())
    (tmp_path / second).write_bytes(b"")
    sweep.collect_folder("spool", tmp_path)
    assert {(leak.kind, leak.place) for leak in sweep.leaks()} == {
        ("prompt", "spool: 000001.spool"),
        ("key", f"spool: name of {second}"),
    }


def test_exceptions_are_searched_with_their_causes_groups_notes_and_attributes() -> None:
    canaries, sweep = _sweep()
    kinds = ["text", "cause", "context", "member", "note", "attribute"]
    texts = {kind: canaries.new(kind) for kind in kinds}

    def raised() -> BaseException:
        try:
            try:
                try:
                    raise KeyError(texts["context"])
                except KeyError:
                    raise ValueError("no words") from OSError(texts["cause"])
            except ValueError as error:
                raise ExceptionGroup(texts["text"], [RuntimeError(texts["member"])]) from error
        except ExceptionGroup as error:
            error.add_note(texts["note"])
            error.said = texts["attribute"]  # type: ignore[attr-defined]
            return error

    sweep.collect_exception("exception", raised())
    assert {leak.kind for leak in sweep.leaks()} == set(kinds)


def test_a_seed_makes_the_same_canaries_again() -> None:
    assert [Canaries(5).new("prompt") for _ in range(2)] == [Canaries(5).new("prompt")] * 2
    assert Canaries().new("prompt") != Canaries().new("prompt")


def test_a_session_has_one_sweep() -> None:
    assert session() is session()
