"""
``lockgate up``: everything on one machine, with a real model behind it, from one command.

Steps: prepare the data folder, fetch the small model (or do without), start its server and the gateway, wait until a real
answer came through, say where everything is, then watch the children until asked to stop. What can be tested without
processes is in ``first_start`` (the folder), ``children`` (the rules of supervision) and ``greeting`` (what is said).
"""

import fcntl
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import msgspec

from lockgate.cli import first_start, greeting, local_model
from lockgate.cli.children import Child, Command, Ended, tethered
from lockgate.cli.first_start import DataFolder, LocalServer
from lockgate.cli.probe import first_answer, is_ok
from lockgate.runtime.settings import SettingsError, listen_address, load

START_LIMIT_S, LEFTOVERS_LIMIT_S = 60.0, 6.0
ADDRESS, STATUS = "LOCKGATE_PROXY__ADDR", "LOCKGATE_OBSERVABILITY__METRICS__PROMETHEUS__ADDR"
HOST = "127.0.0.1"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Say = Callable[[str], None]


class CannotStart(Exception):
    """Lockgate cannot be started; the text says why and what to do."""


class Stopped(BaseException):
    """Asked to stop by a signal, whatever was going on."""


def stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


class Left(msgspec.Struct, frozen=True):
    """What an ``up.json`` that was left behind tells."""

    pids: dict[str, int | None] = {}


class Addresses(msgspec.Struct, frozen=True):
    gateway: tuple[str, int]
    status: tuple[str, int]

    @property
    def gateway_url(self) -> str:
        return url_of(self.gateway)

    @property
    def status_url(self) -> str:
        return url_of(self.status)

    @property
    def environment(self) -> dict[str, str]:
        return {ADDRESS: authority(self.gateway), STATUS: authority(self.status)}


def authority(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def url_of(address: tuple[str, int]) -> str:
    """How this machine reaches a listener: one on every interface is reached on loopback."""
    host, port = address
    reached = {"0.0.0.0": HOST, "::": "::1"}.get(host, host)  # noqa: S104  (compared, not listened on)
    return f"http://{authority((reached, port))}"


def run(data: Path, gateway_addr: str, say: Say) -> None:
    """Start, serve until asked to stop, end everything."""
    try:
        folder = first_start.prepare(data)
    except OSError as error:
        raise CannotStart(f"{error.filename or data} cannot be used as the data folder or a file in it: {error.strerror}.") from None
    with (folder.path / "up.lock").open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotStart(f"Another 'lockgate up' is running on {folder.path}. End it, or give this one another --data.") from None
        wait_for_leftovers(folder, say)
        Up(folder, addresses_for(folder, gateway_addr, say), say).run()


def wait_for_leftovers(folder: DataFolder, say: Say) -> None:
    """After a ``kill -9`` of the one before, its processes end by themselves within seconds; until then they hold the addresses."""
    try:
        pids = msgspec.json.decode(folder.up_json.read_bytes(), type=Left).pids
    except (FileNotFoundError, msgspec.MsgspecError):
        return
    folder.up_json.unlink(missing_ok=True)
    deadline = time.monotonic() + LEFTOVERS_LIMIT_S
    told = False
    while any(is_running(pid) for pid in pids.values() if pid) and time.monotonic() < deadline:
        if not told:
            say("The Lockgate before this one was killed; waiting for its processes to end.")
            told = True
        time.sleep(0.05)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def addresses_for(folder: DataFolder, gateway_addr: str, say: Say) -> Addresses:
    """Where to listen: the option over the settings over the defaults; port 0 means any free one."""
    overrides = {ADDRESS: gateway_addr} if gateway_addr else {}
    try:
        settings = load(folder.settings, environment() | overrides)
    except SettingsError as error:
        sentences = "\n".join(error.sentences)
        raise CannotStart(sentences.replace(f"proxy.addr (from {ADDRESS})", "--gateway-addr") if gateway_addr else sentences) from None
    host, port = listen_address(settings.proxy.addr)
    port = port or first_start.free_port(host)
    if first_start.is_taken(host, port):
        raise CannotStart(
            f"{authority((host, port))} cannot be listened on: another program has it, or it is not an address of this machine.\n"
            f"Choose another: lockgate up --gateway-addr {authority((host, port + 1 if port < 65535 else 0))}"
        )
    status_host, status_port = listen_address(settings.observability.metrics.prometheus.addr)
    if not status_port or first_start.is_taken(status_host, status_port):
        free = first_start.free_port(status_host)
        if status_port:
            say(f"{authority((status_host, status_port))} is taken; the status listener uses port {free}.")
        status_port = free
    return Addresses((host, port), (status_host, status_port))


def environment() -> dict[str, str]:
    """This process's environment, less the variable that names another settings file."""
    return {name: value for name, value in os.environ.items() if name != "LOCKGATE_CONFIG"}


class Up:
    """One run: the children and what is known of them."""

    def __init__(self, folder: DataFolder, addresses: Addresses, say: Say) -> None:
        self.folder, self.addresses, self.say = folder, addresses, say
        self.children: list[Child] = []
        self.models: list[str] = []

    def run(self) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, stop)
        try:
            model = self._model()
            self.say("Starting.")
            gateway = self._begin(self._gateway_command())
            has_local = model is not None and self._serves(*model)
            self._until_ready(gateway, self.addresses.status_url + "/status/ready")
            self._find_models(has_local)
            self._tell()
            self._watch()
        except Stopped:
            self.say("Stopping.")
        finally:
            for number in STOP_SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            self._end()

    # Starting.

    def _model(self) -> tuple[Path, LocalServer] | None:
        """The local model's weights and where to serve them; None when the echo provider has to do."""
        wanted = first_start.local_server(self.folder)
        if wanted is None:
            return None
        try:
            if not local_model.has_server():
                raise local_model.Unavailable("llama.cpp's server is not installed here ('make env' installs it).")
            if first_start.is_taken(HOST, wanted.port):
                raise local_model.Unavailable(f"port {wanted.port}, which {self.folder.resources} names for it, is taken.")
            return local_model.fetch(self.folder.models, self.say), wanted
        except local_model.Unavailable as reason:
            self.say(f"No real model this time: {reason}\nThe built-in echo provider answers instead.")
            return None

    def _serves(self, weights: Path, server: LocalServer) -> bool:
        arguments = ("local-model", "serve", "--model", str(weights), "--port", str(server.port), "--name", first_start.LOCAL_MODEL)
        child = self._begin(self._command("local-model", arguments, {local_model.KEY_VARIABLE: server.key}))
        try:
            self._until_ready(child, f"http://{HOST}:{server.port}/health")
        except CannotStart as reason:
            self.say(f"{reason}\nThe built-in echo provider answers instead.")
            self.children.remove(child)
            child.end()
            return False
        return True

    def _gateway_command(self) -> Command:
        return self._command("gateway", ("gateway", "--config", str(self.folder.settings)), self.addresses.environment)

    def _command(self, name: str, arguments: tuple[str, ...], variables: dict[str, str]) -> Command:
        log = self.folder.logs / f"{name}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        return Command(name, tethered(*arguments), self.folder.path, log, environment() | variables)

    def _begin(self, command: Command) -> Child:
        child = Child(command)
        child.begin(time.monotonic())
        self.children.append(child)
        return child

    def _until_ready(self, child: Child, url: str) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not is_ok(url):
            ended = child.watch(time.monotonic())
            if ended or time.monotonic() > deadline:
                why = f"ended with status {ended.status}" if ended else f"was not ready after {START_LIMIT_S:.0f} s"
                raise CannotStart("\n".join([f"The {child.command.name} process {why}. It said last:", *child.last_lines()]))
            time.sleep(0.05)
        child.ready()

    def _find_models(self, has_local: bool) -> None:
        """Learn which of our own models answer, by asking each through the gateway."""
        key = first_start.caller_key(self.folder)
        refusals = []
        for model in (*((first_start.LOCAL_MODEL,) if has_local else ()), first_start.ECHO_MODEL):
            refusal = first_answer(self.addresses.gateway_url, key, model)
            if refusal:
                refusals.append(f"The model '{model}' did not answer: {refusal}")
            else:
                self.models.append(model)
        for refusal in refusals:
            self.say(refusal)
        if not self.models:
            raise CannotStart(f"No model answers. What the gateway said is in {self.children[0].command.log}.")

    # Running.

    def _tell(self) -> None:
        self._write_up_json()
        running = greeting.Running(
            self.addresses.gateway_url,
            self.addresses.status_url,
            first_start.caller_key(self.folder),
            tuple(self.models),
            str(self.folder.path),
        )
        self.say(greeting.text(running))

    def _write_up_json(self) -> None:
        """For scripts. The names of the pids are those of the log files."""
        known = {
            "gateway_url": self.addresses.gateway_url,
            "status_url": self.addresses.status_url,
            "caller_key": first_start.caller_key(self.folder),
            "models": self.models,
            "pids": {"up": os.getpid(), **{child.command.name.replace("-", "_"): child.pid for child in self.children}},
        }
        first_start.write_private(self.folder.up_json, msgspec.json.format(msgspec.json.encode(known), indent=2).decode() + "\n")

    def _watch(self) -> None:
        pids = [child.pid for child in self.children]
        while True:
            time.sleep(0.5)
            for child in self.children:
                ended = child.watch(time.monotonic())
                if ended:
                    self._mourn(ended, child)
            if [child.pid for child in self.children] != pids:
                pids = [child.pid for child in self.children]
                self._write_up_json()

    def _mourn(self, ended: Ended, child: Child) -> None:
        self.say(f"The {ended.name} process ended by itself (status {ended.status}); it starts again in {ended.again_in_s:.1f} s.")
        self.say(f"  What it said is in {child.command.log}")

    def _end(self) -> None:
        self.folder.up_json.unlink(missing_ok=True)
        for child in self.children:  # the gateway was begun first: it finishes what is under way while its model still answers
            child.end()
