"""The program ``lockgate gateway``: one process, or several behind one address."""

import os
from collections.abc import Mapping

import uvloop

from lockgate.gateway.app import main, say
from lockgate.gateway.workers import recover_others, supervise
from lockgate.runtime.settings import Settings


def run(settings: Settings, environ: Mapping[str, str] | None = None) -> int:
    """Serves until it is told to end: 0 after a drain, 1 when it cannot start (and a sentence on standard error)."""
    if not settings.resources_file:
        say("no resources are named; set resources_file in the settings, or LOCKGATE_RESOURCES_FILE")
        return 1
    environ = dict(os.environ if environ is None else environ)
    try:
        recover_others(settings)
    except OSError as error:
        say(str(error))
        return 1
    return supervise(settings, environ) if settings.workers > 1 else uvloop.run(main(settings, environ))
