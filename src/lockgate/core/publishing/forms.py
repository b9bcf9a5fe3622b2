"""
Forms: checks of single texts that a type cannot express. The types name them (``form`` in ``model/resources/words.py``).

A check answers with what is wrong, as the end of a sentence that begins with the field's name, or "". It never quotes
the text, which may be a secret.
"""

import binascii
import re
from collections.abc import Callable

from lockgate.core.providers.headers import VARIABLES
from lockgate.core.providers.sign.reference import reference

ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")
_URL = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\[\]]+)(:[0-9]{1,5})?(/[^\s?#]*)?(\?[^\s#]*)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


def glob(text: str) -> str:
    return "may have only one '*'" if text.count("*") > 1 else ""


def cidr(text: str) -> str:
    import ipaddress  # only files with networks pay for it

    try:
        ipaddress.ip_network(text)
    except ValueError:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return "must be a network such as 10.0.0.0/8 or 2001:db8::/32, or one address"
        return f"has bits set behind its prefix; write {network}"
    return ""


def header_name(text: str) -> str:
    return "" if _TOKEN.fullmatch(text) else "must be the name of a header field: letters, digits and -"


def header_template(text: str) -> str:
    if not _VALUE.fullmatch(text) or text.strip() != text:
        return "must be the value of a header field: no line breaks, no control characters, no spaces around it"
    for name in _VARIABLE.findall(text):
        if name not in VARIABLES:
            return f"uses ${{{name}}}, which is no header variable; there are {', '.join(VARIABLES)}"
    return ""


def url(text: str) -> str:
    return "" if _URL.fullmatch(text) else "must be an http:// or https:// address without user name or fragment"


def sha256(text: str) -> str:
    return "" if _SHA256.fullmatch(text) else "must be a SHA-256 hash: 64 lower-case hexadecimal digits"


def secret(text: str) -> str:
    return any_secret(text) if text else "must not be empty"


def any_secret(text: str) -> str:
    kind, name = reference(text) or ("", "")
    if kind == "env":
        return "" if ENVIRONMENT_NAME.fullmatch(name) else "must name an environment variable after 'env:'"
    if kind == "file":
        return "" if "\0" not in name else "must name a file after 'file:'"
    if text in ("env:", "file:"):
        return f"must name {'an environment variable' if text == 'env:' else 'a file'} after '{text}'"
    if text.startswith("vault:"):
        return "refers to a vault, which is not supported yet; use env:NAME or file:PATH"
    if not text.lstrip().startswith("{") and not (text.isascii() and text.isprintable()):
        return "has a character in it that cannot stand in a header field, such as a line break; give the credential alone"
    return ""


def pem(text: str) -> str:
    if "PRIVATE KEY" in text:
        return "holds a private key; give certificates only"
    blocks = _PEM.findall(text)
    try:
        sound = bool(blocks) and all(binascii.a2b_base64("".join(block.split()), strict_mode=True) for block in blocks)
    except binascii.Error:
        sound = False
    return "" if sound else "must be PEM text with at least one certificate"


def listen_address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    sound = bool(colon) and port.isascii() and port.isdigit() and int(port) < 65_536
    if host.startswith("["):
        sound = sound and host.endswith("]") and ":" in host
    else:
        sound = sound and bool(host) and ":" not in host and not any(character.isspace() for character in host)
    return "" if sound else "must be HOST:PORT, such as 127.0.0.1:3000 or [::1]:3000"


def regex(text: str) -> str:
    if not 0 < len(text.encode()) <= 512:
        return "must have 1 to 512 bytes"
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError):
        return "is not a regular expression"
    return ""


FORMS: dict[str, Callable[[str], str]] = {
    "glob": glob,
    "cidr": cidr,
    "header_name": header_name,
    "header_template": header_template,
    "url": url,
    "sha256": sha256,
    "secret": secret,
    "any_secret": any_secret,
    "pem": pem,
    "listen_address": listen_address,
    "regex": regex,
}
