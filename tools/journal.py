#!/usr/bin/env python3
"""Lists and verifies a Daybook journal without Daybook: the proof that its format is open.

Needs the packages lmdb and protobuf (Debian: python3-lmdb, python3-protobuf).
Exit status: 0 fine, 1 failed at run time, 3 no journal there, 4 locked, 5 integrity failure, 64 usage.
"""
import argparse, datetime, fcntl, hashlib, hmac, json, os, signal, struct, sys

import lmdb
from google.protobuf.message import DecodeError

import daybook_pb2 as pb

ENTRY_LIMIT, TILE_WIDTH, HASH_SIZE = 65_535, 256, 32
DATABASES = ["entries", "payloads", "histories", "executions", "tiles", "meta"]
OTHER_FAILURES = (lmdb.ReadonlyError, lmdb.MemoryError, lmdb.LockError, lmdb.DiskError,
                  lmdb.ReadersFullError, lmdb.MapResizedError)


def sha256(data):
    return hashlib.sha256(data).digest()


def subtree(hashes):
    """The root over as many hashes as a power of two (RFC 6962)."""
    while len(hashes) > 1:
        hashes = [sha256(b"\1" + l + r) for l, r in zip(hashes[::2], hashes[1::2])]
    return hashes[0]


class Tree:
    """The right edge of the Merkle tree: at each level, the hashes of the tile not yet full."""

    def __init__(self, check_tile):
        self.levels, self.full, self.check_tile = [[]], [0], check_tile

    def append(self, hash, level=0):
        if level == len(self.levels):
            self.levels.append([])
            self.full.append(0)
        self.levels[level].append(hash)
        if len(self.levels[level]) == TILE_WIDTH:
            hashes, self.levels[level] = self.levels[level], []
            self.check_tile(level, self.full[level], hashes)
            self.full[level] += 1
            self.append(subtree(hashes), level + 1)

    def root(self):
        root = None
        for hashes in self.levels:  # from the right end of the tree to the left
            while hashes:
                width = len(hashes) & -len(hashes)
                left, hashes = subtree(hashes[-width:]), hashes[:-width]
                root = left if root is None else sha256(b"\1" + left + root)
        return root or sha256(b"")


def number(data):
    return int.from_bytes(data, "little")


def decode(kind, data):
    """The message, or None: also for unknown fields and for any other than the one encoding."""
    message = kind()
    try:
        message.ParseFromString(data)
        message.DiscardUnknownFields()
        return message if message.SerializeToString(deterministic=True) == data else None
    except (DecodeError, ValueError, RuntimeWarning):
        return None


class Journal:
    """One state of a journal, and the problems found in it."""

    def __init__(self, folder):
        # Size 0 stands for the file's own map size: a smaller map fails when a writer is at work.
        # Whoever opens first sets the number of readers for all: so it is that of Daybook.
        environment = lmdb.open(os.path.join(folder, "journal.mdb"), subdir=False, readonly=True,
                                mode=0o600, map_size=0, max_readers=1024, max_dbs=len(DATABASES))
        self.databases = {n: environment.open_db(n.encode(), create=False) for n in DATABASES}
        self.transaction = environment.begin()
        self.problems = 0

    def problem(self, where, what):
        self.problems += 1
        print(f"entry {where}: {what}" if isinstance(where, int) else f"{where}: {what}",
              file=sys.stderr)

    def cursor(self, name):
        return self.transaction.cursor(self.databases[name])

    def get(self, name, key):
        return self.transaction.get(key, db=self.databases[name])

    def entry(self, sequence):
        data = self.get("entries", sequence.to_bytes(8, "little"))
        return None if data is None else decode(pb.Entry, data)

    # Listing

    def list(self, as_json):
        for key, data in self.cursor("entries"):
            entry = decode(pb.Entry, data)
            if entry is None or not entry.WhichOneof("event"):
                self.problem(number(key), "it cannot be read as an entry of format 1")
                continue
            name = entry.WhichOneof("event")
            event = getattr(entry, name)
            operation = event.operation.name if hasattr(event, "operation") else ""
            seconds, nanoseconds = divmod(entry.time, 10**9)
            time = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
            line = {"sequence": entry.sequence, "time": f"{time:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z",
                    "execution": entry.execution, "event": name, "operation": operation}
            # Names are free text: quoted, they can neither break the line nor steer a terminal.
            shown = operation if operation.isprintable() else json.dumps(operation)
            print(json.dumps(line) if as_json else
                  "\t".join(map(str, [*line.values()][:4] + [shown])).rstrip())

    # Verification

    def verify(self):
        self.count = self.time = self.content_types = self.submitted = 0
        self.has_gap = False
        self.open = {}  # by number: id, type, time of submission, last entry, count of entries
        self.accounted = dict.fromkeys(DATABASES, 0)
        self.tree = Tree(self.check_tile)
        if self.get("meta", b"format") != b"1":
            self.problem("meta", f"the format is {self.get('meta', b'format')}, not 1")
        for key, data in self.cursor("entries"):
            sequence = number(key)
            if sequence != self.count:
                self.problem(self.count, f"it is missing: entry {sequence} comes next")
                self.has_gap = True
            self.count = sequence + 1
            self.tree.append(sha256(b"\0" + data))
            self.check_entry(sequence, data)
        for execution, (id, *_) in self.open.items():
            self.check_row(execution, id, execution, None)
        for name in ["payloads", "histories", "executions", "tiles"]:
            self.find_extra(name)
        self.check_edge()
        if not self.problems:
            print(f"verified {self.count} entries, {self.submitted} executions, "
                  f"root {self.tree.root().hex()}")

    def check_entry(self, sequence, data):
        if len(data) > ENTRY_LIMIT:
            self.problem(sequence, f"it has {len(data)} bytes, more than {ENTRY_LIMIT}")
        entry = decode(pb.Entry, data)
        event = entry and entry.WhichOneof("event")
        if not event:
            return self.problem(sequence, "it cannot be read as an entry of format 1")
        if entry.sequence != sequence:
            self.problem(sequence, f"it says of itself that it is {entry.sequence}")
        if entry.time < self.time:
            self.problem(sequence, "its time is before that of the entry before it")
        self.time = entry.time
        if (event == "journal_created") != (sequence == 0):
            self.problem(sequence, f"it is {event}: entry 0, and no other, is journal_created")
        elif sequence == 0 and entry.journal_created.format != 1:
            self.problem(0, f"its format is {entry.journal_created.format}, not 1")
        self.content_types += len(entry.journal_created.content_types)
        self.content_types += event == "content_type_interned"
        self.check_place(sequence, entry, event)
        self.check_payloads(sequence, entry.commitments)

    def check_place(self, sequence, entry, event):
        """Checks an entry's place in its execution, and the records that point to it."""
        submission, execution = entry.execution_submitted, entry.execution
        if (event == "execution_submitted") != (execution != 0 and execution == sequence):
            self.problem(sequence, f"it is {event}, and its execution is {execution}")
        if event == "execution_submitted":
            self.submitted += 1
            self.open[execution] = [submission.id, submission.type, entry.time, 0, 0]
        state = self.open.get(execution)
        if execution != 0 and state is None:
            self.problem(sequence, f"its execution {execution} is not open")
        last, ordinal = state[3:] if state else (0, 0)
        if (execution == 0 or state) and (entry.previous, entry.ordinal) != (last, ordinal):
            self.problem(sequence, f"it says that it follows entry {entry.previous} as number "
                         f"{entry.ordinal} of its execution: it is entry {last}, number {ordinal}")
        if execution != 0:
            pair = [n.to_bytes(8, "little") for n in (execution, sequence)]
            found = self.cursor("histories").set_key_dup(*pair)
            self.accounted["histories"] += found
            if not found:
                self.problem(sequence, f"it is missing in the history of execution {execution}")
        if state:
            # What the entry says is taken for true, so that one fault is not named many times.
            state[3:] = sequence, entry.ordinal + 1
            if event in ("execution_completed", "execution_failed") and getattr(entry, event).closes:
                id, type, submitted, last, count = self.open.pop(execution)
                self.check_row(sequence, id, execution, pb.ExecutionSummary(
                    type=type, submitted_at=submitted, finished_at=entry.time, last=last,
                    entries=count))

    def check_row(self, sequence, id, execution, summary):
        """Checks the row of an execution that entry `sequence` closes, or that is still open."""
        data = self.get("executions", id.encode()) if id else None
        self.accounted["executions"] += data is not None
        row = None if data is None else decode(pb.ExecutionRow, data)
        if row is None:
            return self.problem(sequence, f"the row of execution {json.dumps(id)} " + (
                "is missing" if data is None else "cannot be read"))
        if row.number != execution:
            self.problem(execution, f"the row of execution {json.dumps(id)} names entry {row.number}")
        if row.HasField("closed") != (summary is not None):
            self.problem(sequence, "the row of its execution is wrong about whether it is closed")
        for field, value in summary.ListFields() if summary and row.HasField("closed") else []:
            if getattr(row.closed, field.name) != value:
                self.problem(sequence, f"the row of its execution has the {field.name} "
                             f"{getattr(row.closed, field.name)!r}, not {value!r}")

    def check_payloads(self, sequence, commitments):
        data = self.get("payloads", sequence.to_bytes(8, "little")) if commitments else None
        if not commitments:
            return
        self.accounted["payloads"] += data is not None
        record = None if data is None else decode(pb.Payloads, data)
        if record is None or len(record.payloads) != len(commitments):
            return self.problem(sequence, f"its payload record " + (
                "is missing" if data is None else "cannot be read" if record is None
                else f"has {len(record.payloads)} payloads, not {len(commitments)}"))
        for index, (payload, promised) in enumerate(zip(record.payloads, commitments)):
            if not 1 <= promised.content_type <= self.content_types:
                self.problem(sequence, f"payload {index} has no known content type")
            if not payload.salt and not payload.data:
                continue  # erased
            mac = hmac.new(payload.salt, payload.data, "sha256").digest()
            if (len(payload.salt), mac, len(payload.data)) != (16, promised.mac, promised.size):
                self.problem(sequence, f"payload {index} is not the one that was committed to")

    def check_tile(self, level, index, hashes):
        data = self.get("tiles", struct.pack(">BQ", level, index))
        self.accounted["tiles"] += data is not None
        if self.has_gap:
            return  # no hash can be right
        first, span = index * TILE_WIDTH ** (level + 1), TILE_WIDTH**level
        if data is None or len(data) != TILE_WIDTH * HASH_SIZE:
            return self.problem(f"tile {level}/{index}", f"of the entries from {first} on, " + (
                "it is missing" if data is None else f"it has {len(data)} bytes"))
        for place, hash in enumerate(hashes):
            if data[place * HASH_SIZE:][:HASH_SIZE] != hash:
                at = first + place * span
                self.problem(at, f"tile {level}/{index} has another hash for " + (
                    "it" if level == 0 else f"it to entry {at + span - 1}"))
