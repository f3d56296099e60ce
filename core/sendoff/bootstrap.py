"""Settings, drivers, listeners, runtime: the only room that knows everyone, and has no logic of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import SystemRandom

from sendoff.drivers import Drivers
from sendoff.errors import DriverBroken
from sendoff.listeners import Listeners
from sendoff.model.configuration import Configuration
from sendoff.ports.clock import Clock, SystemClock
from sendoff.ports.network import Network
from sendoff.ports.store import Store
from sendoff.ports.toolkit import Toolkit
from sendoff.redaction import Redaction, install
from sendoff.runtime.best_network import BestNetwork, preferred
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.given import Given
from sendoff.runtime.key import Key, keys_for
from sendoff.runtime.owner import Owner
from sendoff.settings import explain, load


def build(*, folder: Path, config_file: Path | None, environ: Mapping[str, str], clock: Clock | None = None) -> Owner:
    """The work of one journal, put together and not yet opened.

    folder: the state folder. config_file: read if it is there. Errors: ``ConfigurationError``, ``DriverMissing``, ``DriverBroken``.
    """
    configuration = load(config_file, environ)
    drivers = Drivers(configuration.disabled)
    redaction = Redaction()
    hide = _hiding(redaction)  # before a stranger's module is imported
    listeners = Listeners(configuration.disabled, _trace(environ, redaction))
    listeners.gather()
    logging.getLogger("sendoff").setLevel(configuration.log_level.upper())
    clock, random = clock or SystemClock(), SystemRandom()
    toolkit = Toolkit(clock=clock, random=random, log=logging.getLogger("sendoff.drivers"), folder=folder)
    given = Given(
        store=_store(drivers, configuration, toolkit),
        installed=drivers,
        listeners=listeners,
        network=_network(drivers, configuration, toolkit, environ),
        configuration=configuration,
        load=lambda: load(config_file, environ),
        explain=lambda: [one._asdict() for one in explain(config_file, environ)],
        clock=clock,
        random=random,
        folder=folder,
        configured=config_file.parent if config_file else folder,
        config_file=config_file,
        environment=dict(environ),
        hide=hide,
        clean=redaction.clean_sentence,
    )
    return Owner(given)


def journal_of(*, folder: Path, config_file: Path | None, environ: Mapping[str, str]) -> tuple[Store, Configuration]:
    """The store of one journal alone, not yet opened, and the configuration that names it."""
    configuration = load(config_file, environ)
    toolkit = Toolkit(clock=SystemClock(), random=SystemRandom(), log=logging.getLogger("sendoff.drivers"), folder=folder)
    return _store(Drivers(configuration.disabled), configuration, toolkit), configuration


def keys_of(journal: str, configuration: Configuration, *, folder: Path, environ: Mapping[str, str]) -> Sequence[Key]:
    """Where the data key of a journal may live. folder: the configuration's."""
    toolkit = Toolkit(clock=SystemClock(), random=SystemRandom(), log=logging.getLogger("sendoff.drivers"), folder=folder)
    credentials = Credentials(Drivers(configuration.disabled), lambda: configuration, toolkit)
    keys, earlier = keys_for(configuration.seal, environment=environ, folder=folder, journal=journal, credentials=credentials)
    return (*keys, *earlier)


def _hiding(redaction: Redaction) -> Callable[[str], None]:
    """Takes each secret as it is about to be used. In somebody's own process handlers may have been added since: they get the filter then, too."""
    install(logging.getLogger(), redaction)

    def hide(secret: str) -> None:
        install(logging.getLogger(), redaction)
        redaction.remember(secret)

    return hide


def _store(drivers: Drivers, configuration: Configuration, toolkit: Toolkit) -> Store:
    settings = drivers.settings("stores", configuration.store, configuration.store_options)
    made: Store = drivers.load("stores", configuration.store)(settings, toolkit)
    return made


def _network(drivers: Drivers, configuration: Configuration, toolkit: Toolkit, environ: Mapping[str, str]) -> Network:
    def made(name: str) -> Network:
        driver = drivers.load("networks", name)
        network: Network = driver(drivers.settings("networks", name, configuration.network_options, section="network"), toolkit)
        return network

    if configuration.network != "auto":
        return made(configuration.network)
    return BestNetwork(dict(_that_load(made, preferred(drivers.names("networks"), environ))))


def _that_load(made: Callable[[str], Network], names: Sequence[str]) -> Iterator[tuple[str, Network]]:
    """Nobody has asked for one of these by its name: one that is broken is named in the log, and passed by."""
    for name in names:
        try:
            yield name, made(name)
        except DriverBroken as cause:
            logging.getLogger("sendoff.network").warning("%s", cause)


def _trace(environ: Mapping[str, str], redaction: Redaction) -> Callable[[str], None] | None:
    """Where each call of a listener is told, whatever the level of the log; in a program that has no log, on its standard error."""
    if environ.get("SENDOFF_TRACE_HOOKS", "") in ("", "0"):
        return None
    log = logging.getLogger("sendoff.hooks")
    log.setLevel(logging.INFO)
    if not log.hasHandlers():
        log.addHandler(logging.StreamHandler())
        install(log, redaction)
    return log.info
