"""nginx configurations: answering by itself (the mock upstream, and the floor), and passing on (the yardstick)."""

import os
import shutil
from pathlib import Path

from bench.upstream import payload

INSTALL = "nginx is not installed (Debian and Ubuntu: apt-get install nginx-light)"


def program() -> str | None:
    """Debian puts nginx into sbin, which is not on everybody's path."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")


def answering(folder: Path, port: int) -> list[str]:
    """One fixed chat completion for whatever is asked."""
    text = payload.answer().decode().replace("\\", "\\\\").replace("'", "\\'")
    return _start(folder, port, f"default_type application/json; return 200 '{text}';", "")


def passing(folder: Path, port: int, upstream_port: int, *, streams: bool) -> list[str]:
    """The bare proxy_pass: kept-alive upstream connections, no log; unbuffered where chunks must arrive one by one."""
    upstream = f"upstream mock {{ server 127.0.0.1:{upstream_port}; keepalive 2048; keepalive_requests 1000000000; }}"
    buffering = "proxy_buffering off;" if streams else ""
    location = f'proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout 300s; {buffering}'
    return _start(folder, port, location, upstream)


def _start(folder: Path, port: int, location: str, upstream: str) -> list[str]:
    temporary = "".join(f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    # A master that is root gives its worker another user, who could not enter our private folder.
    user = "user root;" if os.geteuid() == 0 else ""
    text = f"""{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 9000; }}
http {{
{temporary}
access_log off;
server_tokens off;
tcp_nodelay on;
keepalive_timeout 300s;
keepalive_requests 1000000000;
client_body_buffer_size 64k;
{upstream}
server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ {location} }} }}
}}
"""
    path = folder / "nginx.conf"
    path.write_text(text)
    return [program() or "nginx", "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")]
