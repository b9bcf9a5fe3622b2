#!/bin/sh
# Find a Python that can run Lockgate and hand over to scripts/env.py, which builds the environment.
# Usage: [PYTHON=...] [VENV=.venv] sh scripts/env.sh LIST...     (LIST: runtime, model, dev, sdk)
set -eu

VENV=${VENV:-.venv}
here=${0%/*}

new_enough() {
    "$1" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 15)))' >/dev/null 2>&1
}

# An environment that is there and runs keeps its Python, unless another one was asked for by name.
if [ -z "${PYTHON:-}" ] && [ -x "$VENV/bin/python" ] && new_enough "$VENV/bin/python"; then
    exec "$VENV/bin/python" "$here/env.py" "$VENV" "$@"
fi

if [ -n "${PYTHON:-}" ]; then
    if ! command -v "$PYTHON" >/dev/null 2>&1; then
        echo "PYTHON=$PYTHON is not a program on this machine. Name a Python 3.11, 3.12, 3.13 or 3.14." >&2
        exit 2
    fi
    if ! new_enough "$PYTHON"; then
        echo "$PYTHON is $("$PYTHON" --version 2>&1 | head -n 1), but Lockgate needs Python 3.11, 3.12, 3.13 or 3.14." >&2
        exit 2
    fi
    exec "$PYTHON" "$here/env.py" "$VENV" "$@"
fi

for candidate in python3 python3.13 python3.12 python3.14 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
        exec "$candidate" "$here/env.py" "$VENV" "$@"
    fi
done

found=$(python3 --version 2>&1 | head -n 1) || found="no python3"
echo "Lockgate needs Python 3.11, 3.12, 3.13 or 3.14, and found only: $found." >&2
echo "Install one of those, or name it: make PYTHON=/path/to/python3.13 ..." >&2
exit 2
