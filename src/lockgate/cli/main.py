"""
The command ``lockgate``: one typer application, whose commands load what they need when they run.

Exit codes: 0 done, 1 what was asked for was not possible or a check failed, 2 the command line or the settings are wrong.
Everything that goes wrong is said in sentences on standard error, never as a traceback.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from lockgate import __version__

app = typer.Typer(
    name="lockgate",
    help="A hybrid-cloud AI gateway: one OpenAI- and Anthropic-compatible API in front of every model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
local_model_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Fetch or serve the small real model used for trying things out."
)
app.add_typer(local_model_app, name="local-model", short_help="Fetch or serve the small real model.")

FAILED, MISUSED = 1, 2


def tell(sentence: str) -> None:
    """For the person: standard output, at once."""
    print(sentence, flush=True)


def fail(sentence: str, code: int = FAILED) -> typer.Exit:
    print(sentence, file=sys.stderr, flush=True)
    return typer.Exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        tell(f"lockgate {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")] = False,
) -> None:
    pass


@app.command()
def gateway(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", envvar="LOCKGATE_CONFIG", help="The settings file (YAML, TOML or JSON).", show_default=False),
    ] = None,
) -> None:
    """
    Run the gateway (the data plane).

    Without a file, the settings are the defaults with LOCKGATE_... variables over them.
    Ctrl-C or SIGTERM ends it once everything under way is finished; a second one ends it at once, with exit code 1.

    \b
    Examples:
      lockgate gateway --config settings.yaml
      LOCKGATE_RESOURCES_FILE=resources.yaml lockgate gateway
      LOCKGATE_PROXY__ADDR=127.0.0.1:4000 lockgate gateway --config settings.yaml
    """
    from lockgate.runtime.settings import SettingsError, load

    environment = {name: value for name, value in os.environ.items() if name != "LOCKGATE_CONFIG"}
    try:
        settings = load(config, environment)
    except SettingsError as error:
        raise fail("\n".join(error.sentences), MISUSED) from None
    from lockgate.gateway.program import run

    raise typer.Exit(run(settings))


@app.command(short_help="Start it here, with a small real model.")
def up(
    data: Annotated[Path, typer.Option("--data", help="The folder that everything is kept in; made when missing.")] = Path("data"),
    gateway_addr: Annotated[
        str,
        typer.Option(
            "--gateway-addr",
            metavar="HOST:PORT",
            help="Where callers connect, instead of what settings.yaml says. Port 0 takes a free one.",
        ),
    ] = "",
) -> None:
    """
    Start Lockgate on this machine, with a small real model behind it.

    The first start makes a settings file, a resources file and a caller key in the data folder; later ones keep them.
    When ready it prints where it is and lines to paste, and writes the same to up.json in the data folder. Ctrl-C ends it.

    \b
    Examples:
      lockgate up
      lockgate up --data ~/lockgate --gateway-addr 127.0.0.1:4000
    """
    from lockgate.cli.up import CannotStart, run

    try:
        run(data, gateway_addr, tell)
    except CannotStart as reason:
        raise fail(str(reason)) from None


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A resources file (YAML or JSON).", show_default=False)]) -> None:
    """
    Check a resources file without starting anything.

    Reads ${NAME}, env:NAME and key_env from this environment as a gateway would, dials nobody, and reports every problem at once.

    \b
    Examples:
      lockgate check resources.yaml
      OPENAI_API_KEY=sk-... lockgate check resources.yaml
    """
    from lockgate.cli.check import check as check_file

    raise typer.Exit(check_file(file))


@app.command()
def usage(
    spool: Annotated[Path, typer.Argument(help="The folder of usage records, as in metering.spool_dir.")] = Path("data/spool"),
    by: Annotated[
        str, typer.Option("--by", help="What to make lines by: key, model, provider, team, user, operation, error, day, ...")
    ] = "key,model",
    since: Annotated[str, typer.Option("--since", help="30m, 24h, 7d, 2w, or a date or time in UTC.")] = "",
    key: Annotated[str, typer.Option("--key", help="Only this caller key: its id or name, with *.")] = "",
    model: Annotated[str, typer.Option("--model", help="Only this model: its id or name, with *.")] = "",
    sort: Annotated[str, typer.Option("--sort", help="The column to sort by.")] = "",
    resources: Annotated[
        Path | None, typer.Option("--resources", help="A resources file, for names and costs.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """
    Show what was used, from the usage records on this machine.

    The gateway may be running. Counts are attempts: a request that was retried, or fell back to another model, has several.

    \b
    Examples:
      lockgate usage data/spool
      lockgate usage data/spool --resources data/resources.yaml --since 24h
      lockgate usage data/spool --by model,day --sort cost --csv
      lockgate usage data/spool --key 'ci-*' --json
    """
    from lockgate.cli.usage import usage as show_usage

    if as_json and as_csv:
        raise fail("--json and --csv are two forms; choose one.", MISUSED)
    form = "json" if as_json else "csv" if as_csv else "table"
    raise typer.Exit(
        show_usage(spool, by=by, since=since, key=key, model=model, sort=sort, form=form, resources=resources, environ=os.environ)
    )


@local_model_app.command("fetch")
def local_model_fetch(
    data: Annotated[Path, typer.Option("--data", help="The data folder; the model goes to models/ in it.")] = Path("data"),
) -> None:
    """
    Fetch the model's weights (98 MB) unless they are there.

    \b
    Example:
      lockgate local-model fetch --data ~/lockgate
    """
    from lockgate.cli.local_model import Unavailable, fetch

    try:
        tell(str(fetch(data.absolute() / "models", tell)))
    except Unavailable as reason:
        raise fail(str(reason)) from None


@local_model_app.command("serve", short_help="Serve a model with llama.cpp on loopback.")
def local_model_serve(
    model: Annotated[Path | None, typer.Option("--model", help="A GGUF file; the fetched one when left out.", show_default=False)] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 8080,
    name: Annotated[str, typer.Option("--name", help="What the model is called in answers.")] = "smollm2",
    data: Annotated[Path, typer.Option("--data", help="The data folder, when --model is left out.")] = Path("data"),
) -> None:
    """
    Serve a model with llama.cpp on loopback, in the OpenAI and Anthropic dialects.

    Callers must present the key in the variable LOCAL_MODEL_KEY, when it is set.

    \b
    Examples:
      lockgate local-model serve --port 8080
      lockgate local-model serve --model other.gguf --name other --port 8081
    """
    from lockgate.cli.local_model import SMOLLM2, Unavailable, serve

    try:
        serve(model or data / "models" / SMOLLM2.file, "127.0.0.1", port, name, lambda where: tell(f"Serving {name} on {where}"))
    except Unavailable as reason:
        raise fail(str(reason)) from None


def main(arguments: list[str] | None = None) -> None:
    """The console script's entry; ends the process."""
    app(args=arguments)
