"""The wire formats of LLM APIs, one room each with read, write, stream and fault. They do not know each other."""
