"""Tools and agents: defaults."""

from lockgate.model.resources.agents import A2aAgent, McpAnonymousAccess, McpServer
from lockgate.model.resources.secret import Secret


def test_defaults() -> None:
    server = McpServer(name="files", url="https://x.example")
    assert (server.type, server.transport, server.auth_type, server.enabled) == ("mcp", "streamable_http", "none", True)
    assert A2aAgent(name="a", url="https://x.example").protocol_version == "1.0"
    assert McpAnonymousAccess(api_key_id="k", servers=("s",), source_cidrs=("::1",)).aggregate_entry is False


def test_secrets_do_not_show() -> None:
    assert "hush" not in repr(McpServer(name="files", url="https://x.example", secret=Secret("hush")))
