"""Where the system that the command line talks to is: named by the environment, or embedded."""

import os
from dataclasses import dataclass
from pathlib import Path

from minutier.compose.directory import DataDirectory, default_path


class NotRunning(Exception):
    """There is no system to talk to; the text says how to start one."""


@dataclass(frozen=True)
class Connection:
    """The query service, and the settings for NATS and the object store where they are known here.

    ``environment`` holds what the settings classes read; the process's own environment comes first.
    """

    query_url: str
    environment: dict[str, str]
    directory: DataDirectory | None

    def apply(self) -> None:
        """Let settings that are made from now on find the servers."""
        for name, value in self.environment.items():
            os.environ.setdefault(name, value)


def data_directory(option: Path | None) -> DataDirectory:
    """The option's, else MINUTIER_DATA_DIR's, else the default."""
    named = os.environ.get("MINUTIER_DATA_DIR")
    return DataDirectory(option or (Path(named) if named else default_path()))


def find(option: Path | None) -> Connection:
    """Raises `NotRunning`."""
    if url := os.environ.get("MINUTIER_QUERY_URL"):
        return Connection(url.rstrip("/"), {}, None)
    directory = data_directory(option)
    state = directory.read_state() if directory.locked_by else None
    if state is None:
        raise NotRunning(
            f"Minutier is not running in {directory.path}. Start it with 'minutier up', or set "
            "MINUTIER_QUERY_URL to the address of a query service elsewhere."
        )
    if not state.ready:
        raise NotRunning(f"Minutier is still starting in {directory.path}. Try again in a few seconds.")
    credentials = directory.credentials(())
    environment = {
        "MINUTIER_NATS_URL": f"nats://127.0.0.1:{state.processes['nats'].ports['client']}",
        "MINUTIER_NATS_TOKEN": credentials.nats_token,
        "MINUTIER_OBJECTS_ENDPOINT": f"127.0.0.1:{state.processes['s3'].ports['s3']}",
        "MINUTIER_OBJECTS_ACCESS_KEY": credentials.access_key,
        "MINUTIER_OBJECTS_SECRET_KEY": credentials.secret_key,
        "MINUTIER_OBJECTS_SECURE": "false",
    }
    query = state.processes.get("query")
    if query is None:
        raise NotRunning("The query service is not part of what runs. Start all of it with 'minutier up'.")
    return Connection(f"http://127.0.0.1:{query.ports['http']}", environment, directory)
