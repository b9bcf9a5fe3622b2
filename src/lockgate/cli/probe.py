"""
Asking a listener on this machine whether it is there, and the gateway for a first real answer.

For ``lockgate up`` alone: one request per connection, plain HTTP, and what came back only as a sentence.
"""

import http.client
from urllib.parse import urlsplit

import msgspec

ANSWER_LIMIT_S = 60.0


def is_ok(url: str) -> bool:
    """Whether a GET answers 200. Nothing listening is an ordinary no."""
    try:
        return _ask("GET", url, {}, b"", 2.0)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def first_answer(gateway_url: str, key: str, model: str) -> str:
    """Ask a model through the gateway. Empty when it answered, else why not."""
    body = msgspec.json.encode({"model": model, "max_tokens": 4, "messages": [{"role": "user", "content": "Say hello."}]})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        status, answer = _ask("POST", f"{gateway_url}/v1/chat/completions", headers, body, ANSWER_LIMIT_S)
        if status == 200:
            return "" if msgspec.json.decode(answer)["choices"] else "the answer is empty."
        return f"status {status}: {msgspec.json.decode(answer)['error']['message']}"
    except (OSError, http.client.HTTPException) as error:
        return f"the gateway could not be asked ({type(error).__name__})."
    except (msgspec.DecodeError, LookupError, TypeError):
        return "the answer is not what the OpenAI dialect says."


def _ask(method: str, url: str, headers: dict[str, str], body: bytes, limit_s: float) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=limit_s)
    try:
        connection.request(method, parts.path, body=body or None, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
