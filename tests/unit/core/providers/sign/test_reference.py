"""References to credentials are told from credentials."""

import pytest

from lockgate.core.providers.sign.reference import reference


@pytest.mark.parametrize(
    ("secret", "wanted"),
    [
        ("env:OPENAI_API_KEY", ("env", "OPENAI_API_KEY")),
        ("file:/run/secrets/key", ("file", "/run/secrets/key")),
        ("file:a:b", ("file", "a:b")),
        ("sk-123", None),
        ("env:", None),
        ("file:", None),
        ("ENV:X", None),
        ("environment:X", None),
        ('{"tenant_id":"env:x"}', None),
        ("", None),
    ],
)
def test_only_env_and_file_with_a_name_are_references(secret: str, wanted: tuple[str, str] | None) -> None:
    assert reference(secret) == wanted
