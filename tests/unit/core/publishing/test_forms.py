"""Forms: what passes, and that nothing is quoted."""

import pytest

from lockgate.core.publishing.forms import FORMS

SOUND = {
    "glob": ["", "gpt-4o", "gpt-*", "*"],
    "cidr": ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32", "::1"],
    "header_name": ["x-team", "X_Team", "a"],
    "header_template": ["", "search", "a\tb", "id ${request.id}", "${request.api_key.user_id}/${model.name}", "$5", "ü"],
    "url": ["https://a.example", "http://127.0.0.1:8000/v1", "https://[::1]:8443/v1?api-version=1", "http://localhost"],
    "sha256": ["0" * 64, "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"],
    "secret": ["sk-1", "env:NAME", "file:/run/secrets/key", "file:beside-the-resources", '{"a":\n"b"}'],
    "any_secret": ["", "sk-1"],
    "pem": ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
    "listen_address": ["0.0.0.0:3000", "[::1]:0", "localhost:80"],
    "regex": ["^curl/", "a|b"],
}
WRONG = {
    "glob": ["*-*", "a**"],
    "cidr": ["", "10.0.0.1/8", "office", "10.0.0.0/33", "10.0.0", "1"],
    "header_name": ["", "x team", "x:", "ü", "x\n"],
    "header_template": ["a\nb", "a\r", "\x00", " a", "a ", "${request.idd}", "${}", "${NAME}"],
    "url": [
        "",
        "a.example",
        "ftp://a.example",
        "https://",
        "https://u:p@a.example",
        "https://a.example/#x",
        "https://a b.example",
        "http://a:port",
    ],
    "sha256": ["", "0" * 63, "A" * 64, "0" * 64 + "\n"],
    "secret": ["", "a\nb", "a\r", "env:1", "env:a b", "file:", "vault:x", "ü"],
    "any_secret": ["a\n"],
    "pem": [
        "",
        "hello",
        "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    ],
    "listen_address": ["", "3000", ":3000", "a:b", "a:70000", "::1:80", "[::1]", "a b:1", "a:²"],
    "regex": ["", "(", "a" * 513],
}


def test_every_form_is_tried() -> None:
    assert set(FORMS) == set(SOUND) == set(WRONG)


@pytest.mark.parametrize(("form", "text"), [(form, text) for form, texts in SOUND.items() for text in texts])
def test_sound_texts_pass(form: str, text: str) -> None:
    assert FORMS[form](text) == ""


@pytest.mark.parametrize(("form", "text"), [(form, text) for form, texts in WRONG.items() for text in texts])
def test_wrong_texts_are_told(form: str, text: str) -> None:
    assert FORMS[form](text)


@pytest.mark.parametrize("form", sorted(FORMS))
def test_nothing_is_quoted(form: str) -> None:
    assert "hush" not in FORMS[form]("hush\nhush**(")
