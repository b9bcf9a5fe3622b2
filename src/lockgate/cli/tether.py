"""
Runs a ``lockgate`` command that ends when its parent does: ``python -m lockgate.cli.tether COMMAND...``.

``lockgate up`` starts its children through this door. The child's standard input is a pipe that only the parent holds
open; when the parent ends, however it ends, the pipe closes and the child stops itself, so that nothing is left running
after a ``kill -9`` of the parent. It works on every Unix, which asking the kernel for a death signal does not.
"""

import os
import signal
import sys
import threading
import time

GRACE_S, LAST_GRACE_S = 4.0, 1.0


def end_with_parent() -> None:
    """Wait for the parent to go, ask this process to end, ask again (a gateway then ends at once, its records settled), make it end."""
    while os.read(0, 1024):
        pass
    for grace_s in (GRACE_S, LAST_GRACE_S):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace_s)
    os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    threading.Thread(target=end_with_parent, name="tether", daemon=True).start()
    from lockgate.cli.main import main as command

    command(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
