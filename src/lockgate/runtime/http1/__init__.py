"""HTTP/1.1 on asyncio protocols: a strict server, a client and its pool. Parsing is llhttp's (httptools)."""
