"""The workflow of five steps on DBOS, with its system database in SQLite.

    python five_steps_dbos.py FOLDER SECONDS IN_FLIGHT [IN_FLIGHT ...]

Prints one JSON object: workflows a second by how many threads call one after the other, and what
DBOS has set SQLite to. Nothing is configured but the name, the database and the level of logs.
"""

import concurrent.futures
import json
import os
import sys
import time
from importlib.metadata import version

from dbos import DBOS, DBOSConfig
from sqlalchemy import event
from sqlalchemy.engine import Engine

settings: dict[str, object] = {}


@event.listens_for(Engine, "first_connect")
def note_settings(connection, _) -> None:
    """Asks a connection that DBOS has opened; in a new database its answers are those of all."""
    settings["synchronous"] = connection.execute("PRAGMA synchronous").fetchone()[0]


@DBOS.step()
def step(number: int) -> int:
    return number


@DBOS.workflow()
def five_steps(number: int) -> int:
    return number + sum(step(index) for index in range(5))


def lane(seconds: float) -> int:
    """Runs one after the other until the time is over; says how many."""
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        if five_steps(count) != count + 10:
            raise SystemExit(f"five_steps_dbos: workflow {count} came to another sum")
        count += 1
    return count


def measure(in_flight: int, seconds: float) -> float:
    """Workflows a second. What is under way when the time is over counts, with its time."""
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(in_flight) as pool:
        lanes = [pool.submit(lane, seconds) for _ in range(in_flight)]
        total = sum(done.result() for done in lanes)
    return total / (time.monotonic() - began)


def journal_mode(path: str) -> str:
    """Of the database, which keeps it: bytes 18 and 19 of its header are 2 with a WAL."""
    with open(path, "rb") as file:
        header = file.read(20)
    return "wal" if header[18] == 2 else "delete"


def main() -> None:
    folder, seconds = sys.argv[1], float(sys.argv[2])
    path = os.path.join(folder, "dbos.sqlite")
    config: DBOSConfig = {
        "name": "five-steps",
        "system_database_url": f"sqlite:///{path}",
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    measure(1, seconds / 10)
    rates = {word: measure(int(word), seconds) for word in sys.argv[3:]}
    DBOS.destroy()
    answer = {"version": version("dbos"), "perSecond": rates, "journalMode": journal_mode(path)}
    print(json.dumps(answer | settings))


main()
