#!/usr/bin/env python3
"""Lists and verifies a Daybook journal, or the file of an archive, without Daybook: the proof that its format is open.

Needs the packages lmdb and protobuf (Debian: python3-lmdb, python3-protobuf).
Exit status: 0 fine, 1 failed, 3 no journal there, 4 locked, 5 integrity failure, 64 usage.
"""
import argparse, bisect, datetime, fcntl, hashlib, hmac, json, os, re, signal, stat, struct, sys, warnings

try:
    import lmdb
    from google.protobuf.message import DecodeError

    import daybook_pb2 as pb
except ImportError as error:
    sys.exit(f"journal.py: {error}; install the packages lmdb and protobuf")

FIRST_EVENTS = ["journal_created", "session_opened", "execution_submitted", "task_type_registered",
                "task_created"]
# What begins the stream that an event belongs into; all others belong into an execution's.
BEGINNINGS = {event: "journal_created" for event in
              ["journal_created", "content_type_interned", "snapshot_taken", "journal_adopted",
               "journal_restored", "journal_rewritten", "archive_sealed", "archive_dropped"]}
BEGINNINGS |= {event: "session_opened" for event in
               ["session_opened", "session_closed", "session_lost"]}
BEGINNINGS |= {event: "task_created" for event in
               ["task_created", "task_dispatched", "task_run_ended", "task_disabled",
                "task_respawned", "task_archived"]}
BEGINNINGS |= {event: event for event in ["task_type_registered", "runbook_stored"]}
DATABASES = ["entries", "payloads", "histories", "executions", "tiles", "meta", "lists",
             "positions"]
key = struct.Struct("<Q").pack


def number(key):
    if len(key) != 8:  # only a damaged page has others
        raise lmdb.CorruptedError(f"a number has {len(key)} bytes")
    return int.from_bytes(key, "little")


def sha256(data):
    return hashlib.sha256(data).digest()


def subtree(hashes):
    """The root over hashes whose number is a power of two (RFC 6962)."""
    while len(hashes) > 1:
        hashes = [sha256(b"\1" + l + r) for l, r in zip(hashes[::2], hashes[1::2])]
    return hashes[0]


class Tree:
    """The right edge of the Merkle tree: at each level, the hashes of the tile not yet full."""

    def __init__(self, check_tile):
        self.edge, self.full, self.check_tile = [[]], [0], check_tile

    def append(self, hash, level=0):
        if level == len(self.edge):
            self.edge.append([])
            self.full.append(0)
        self.edge[level].append(hash)
        if len(self.edge[level]) == 256:
            hashes, self.edge[level] = self.edge[level], []
            self.check_tile(level, self.full[level], hashes)
            self.full[level] += 1
            self.append(subtree(hashes), level + 1)

    def append_tile(self, root):
        """256 leaves of which only the root is known, after a full tile."""
        self.full[0] += 1
        self.append(root, 1)

    def root(self):
        root = b""
        for hashes in self.edge:  # from the right end of the tree to the left
            while hashes:
                width = len(hashes) & -len(hashes)
                left, hashes = subtree(hashes[-width:]), hashes[:-width]
                root = sha256(b"\1" + left + root) if root else left
        return root or sha256(b"")


def root_of(places, hashes, size, rest):
    """The root of a tree of `size` leaves: some of them, and the largest subtrees without any."""
    rest = [rest[at:at + 32] for at in range(0, len(rest), 32)][::-1]

    def node(first, end, low, high):
        if low == high:
            return rest.pop()
        if end - first == 1:
            return hashes[low]
        middle = first + (1 << ((end - first - 1).bit_length() - 1))
        split = bisect.bisect_left(places, middle, low, high)
        left = node(first, middle, low, split)
        return sha256(b"\1" + left + node(middle, end, split, high))

    try:
        root = node(0, size, 0, len(places)) if size else b""
    except IndexError:  # too few
        return b""
    return b"" if rest else root


class Archive:
    """A file with what is recorded of executions that are closed, checked by itself."""

    MAGIC = b"DAYBOOK ARCHIVE 1\n"
    BESIDES = ["journal_created", "content_type_interned", "session_opened"]

    def __init__(self, data):
        self.problem, self.header, self.entries = "", pb.ArchiveHeader(), []
        messages, place = [], len(self.MAGIC)
        while data[:len(self.MAGIC)] == self.MAGIC and place < len(data):
            size = int.from_bytes(data[place:place + 4], "little")
            messages.append(data[place + 4:place + 4 + size])
            place += 4 + size
        self.header = decode(pb.ArchiveHeader, messages[0] if messages else None)
        self.entries = [decode(pb.ArchivedEntry, message) for message in messages[1:]]
        if place != len(data) or not self.header or None in self.entries:
            self.problem = "it cannot be read as an archive of format 1"
            self.header = self.header or pb.ArchiveHeader()
            return
        self.problem = self.check()

    def check(self):
        ids = {run: one.id for one in self.header.executions for run in one.runs}
        ends, places, hashes, payloads = {}, [], [], 0
        for archived in self.entries:
            entry = decode(pb.Entry, archived.entry)
            event = entry and entry.WhichOneof("event")
            if not event or places and entry.sequence <= places[-1]:
                return f"its entry of place {len(places)} cannot be read, or is out of order"
            at, number = entry.sequence, entry.stream
            places.append(at)
            hashes.append(sha256(b"\0" + archived.entry))
            if number in ids:
                if (entry.ordinal, entry.previous) != ends.get(number, (0, 0)):
                    return f"an entry before {at} is left out of its history"
                if at == number and entry.execution_submitted.id != ids[number]:
                    return f"entry {at} does not begin {ids[number]!r}"
                ends[number] = entry.ordinal + 1, at
            elif event not in self.BESIDES:
                return f"entry {at} is of none of its executions"
            payloads += len(archived.payloads)
            found = [(len(one.salt), len(one.data), hmac.digest(one.salt, one.data, "sha256"),
                      len(one.slices)) for one in archived.payloads]
            right = [(16, one.size, one.mac, 0) for one in entry.commitments]
            if len(found) != len(right) or any(
                    one != other and one[:2] + one[3:] != (0, 0, 0)
                    for one, other in zip(found, right)):
                return f"a payload of entry {at} is not the one that it commits to"
        if set(ends) != set(ids):
            return "an execution that it names is not in it"
        if (len(places), payloads) != (self.header.entries, self.header.payloads):
            return "it has not as many entries and payloads as it says"
        root = root_of(places, hashes, self.header.size, self.header.proof)
        return "" if root == self.header.root else "its entries do not have the root that it says"


def decode(kind, data):
    """The message, or None: also for unknown fields and any encoding but the format's."""
    try:
        message = kind.FromString(data)
        message.DiscardUnknownFields()
        return message if message.SerializeToString(deterministic=True) == data else None
    except (TypeError, ValueError, DecodeError):  # of no data, of a bad string, of other bad bytes
        return None


def is_checked_row(id, data):
    """Whether a row of the index ends with the check of this id and of the bytes before it."""
    data, hash = data or b"", 0xCBF29CE484222325
    for byte in bytes([len(id)]) + id + data[:-9]:
        hash = (hash ^ byte) * 0x100000001B3 % 2**64  # FNV-1a
    return data[-9:] == b"\x19" + hash.to_bytes(8, "little")


def commits(path):
    """The numbers in LMDB's two meta pages, and whether the file is new or a compacted copy."""
    with open(path, "rb") as file:
        head = file.read(2**16 + 152)
    size = struct.unpack_from("<I", head, 40)[0] if len(head) >= 152 else 0
    if len(head) < size + 152 or not size:
        raise lmdb.InvalidError("it has no meta pages")
    first, second = (struct.unpack_from("<Q", head, page + 144)[0] for page in (0, size))
    roots = struct.unpack_from("<Q", head, 80) + struct.unpack_from("<Q", head, 128)
    return first, second, first == 0 and second < 2 and roots == (2**64 - 1,) * 2


# What a row says that is not followed here: it is taken as it stands.
BELIEVED = ["status", "started_at", "start_at", "attempts", "error_code", "losses"]


def place_of(operation):
    return (*operation.scope, operation.position)


class Execution:
    """What the entries of an execution say so far."""

    def __init__(self, submission, time):
        self.forked_before = 0  # the first entry of its origin that is not its own too
        self.id, self.closed_at, self.is_continued = submission.id, None, False
        self.first_run = submission.first_run  # 0: itself
        self.summary = pb.ExecutionSummary(type=submission.type, submitted_at=time,
                                           continued_from=submission.continued_from,
                                           parent=submission.parent,
                                           forked_from=submission.forked_from,
                                           finalizer=submission.finalizer)
        self.outputs = {}  # the entry that holds the last value, by name
        self.named = []  # all entries that hold one, with its name
        self.registered = {}  # places with something to do at an end: the entry that began it
        self.has_ended = False
        self.children = {}  # the entry that began each of which it was not told that it is closed
        terms = self.summary.terms
        if submission.HasField("retry"):
            terms.retry.CopyFrom(submission.retry)
        terms.timeout, terms.delay = submission.timeout, submission.delay
        terms.labels.extend(submission.labels)
        if not terms.ByteSize():
            self.summary.ClearField("terms")

    def note_output(self, name, at):
        self.outputs[name] = at
        self.named.append((name, at))

    def note_registration(self, event, said, at):
        kind = pb.Operation.KIND_ON_UNFINISHED
        if getattr(said, "compensates", False) or (
                event == "operation_recorded" and said.operation.kind == kind):
            self.registered.setdefault(place_of(said.operation), at)

    def closed(self, believed):
        """The summary that its row must have."""
        closed = pb.ExecutionSummary()
        closed.CopyFrom(self.summary)
        for field in BELIEVED:
            setattr(closed, field, getattr(believed, field))
        for name, at in self.outputs.items():
            closed.outputs.add(name=name, sequence=at)
        return closed


class Stream:
    """A history of its own: of the journal (0), a session or an execution; and how far it is read."""

    def __init__(self, begins, entries=0, last=0):
        self.begins, self.entries, self.last = begins, entries, last


def is_there(path):
    """Whether a file is there. What is no regular one is refused, and a pipe not waited for."""
    if not os.path.lexists(path):
        return False
    mode = os.lstat(path).st_mode
    if not stat.S_ISREG(mode):
        kind = ("a folder" if stat.S_ISDIR(mode) else "a symbolic link" if stat.S_ISLNK(mode)
                else "a named pipe" if stat.S_ISFIFO(mode) else "no regular file")
        raise OSError(f"{path} is {kind}")
    return True


def list_entry(entry, as_json):
    event = entry.WhichOneof("event")
    name = getattr(getattr(entry, event), "operation", pb.Operation()).name
    if not as_json and not name.isprintable():
        name = json.dumps(name)  # so that it cannot break the line or steer a terminal
    seconds, fraction = divmod(entry.time, 10**9)
    time = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    line = {"sequence": entry.sequence, "time": f"{time:%Y-%m-%dT%H:%M:%S}.{fraction:09}Z",
            "stream": entry.stream, "event": event, "operation": name}
    print(json.dumps(line) if as_json else "\t".join(map(str, line.values())).rstrip())


class Journal:
    """One state of a journal, and what its entries, read in order, say so far."""

    def __init__(self, folder):
        path = os.path.join(folder, "journal.mdb")
        self.problems = self.count = self.time = 0
        # The number in open.lock is never ahead of the file, if it is of this one: an earlier file of the
        # journal may have counted further.
        self.answered, self.generation = 0, 0
        is_there(path + "-lock")  # what LMDB would follow or wait for
        if is_there(lock := os.path.join(folder, "open.lock")):
            with open(lock, "rb") as file:
                self.answered = int.from_bytes(file.read(8), "little")
                self.generation = int.from_bytes(file.read(8), "little")
        for _ in range(64):  # a writer may be just replacing one
            first, second, self.counts_anew = commits(path)
            if abs(first - second) == 1 and first % 2 == 0:  # transactions write them in turn
                break
        else:
            self.expect(False, "meta pages", f"they are of transactions {first} and {second}")
        # The map has room for what is written between opening and reading. Whoever opens first
        # sets the number of readers for all: so it is that of Daybook.
        environment = lmdb.open(path, map_size=os.path.getsize(path) + 2**30, max_readers=1024,
                                subdir=False, readonly=True, mode=0o600, max_dbs=len(DATABASES) + 1)
        self.databases = {n: environment.open_db(n.encode(), create=False) for n in DATABASES}
        try:
            self.databases["pruned"] = environment.open_db(b"pruned", create=False)
        except lmdb.NotFoundError:
            pass  # nothing was ever pruned
        self.transaction = environment.begin()
        self.folder = folder
        self.executions, self.streams = {}, {}  # by number
        self.secrets = {}  # those that are kept: execution, slot, name and entry, by the key's id
        self.wiped = {}  # name and entry of the others
        self.erased = {}  # entries without payloads of which no entry says so yet, by stream
        self.actors = {}  # of the sessions that are open
        self.lists = set()  # what has to be on them: key and number of the id's first run
        self.tree = Tree(self.check_tile)
        self.archives = {}  # those that are not dropped, by their entries
        self.roots = {}  # of the trees that archives are proven to be of, by size
        # What the file lacks of the entries; what entries vouch for; and the gaps that there are.
        self.pruning = decode(pb.Pruning, self.get("meta", b"pruned") or b"") or pb.Pruning()
        self.vouched, self.gaps = [], []

    def expect(self, holds, where, problem):
        if not holds:
            self.problems += 1
            print(f"{'entry ' * isinstance(where, int)}{where}: {problem}", file=sys.stderr)
        return holds

    def records(self, name):
        return self.transaction.cursor(self.databases[name])

    def get(self, name, key):
        fits = 0 < len(key) <= 511  # LMDB refuses to look for others
        return self.transaction.get(key, db=self.databases[name]) if fits else None

    def entry(self, at):
        return decode(pb.Entry, self.get("entries", key(at))) or pb.Entry()

    def entries(self):
        """Sequence, bytes, message and name of the event; these two are None if unreadable."""
        for place, data in self.records("entries"):
            entry = decode(pb.Entry, data)
            event = entry and entry.WhichOneof("event")
            self.expect(event, number(place), "it cannot be read as an entry of format 1")
            yield number(place), data, entry, event

    def list(self, as_json):
        for _, _, entry, event in self.entries():
            if event:
                list_entry(entry, as_json)

    def verify(self):
        sizes = self.archive_sizes()
        stored = self.get("meta", b"format")
        self.expect(stored == b"1", "meta", f"the format is {stored}, not 1")
        for at, data, entry, event in self.entries():
            if self.count < at <= self.pruning.horizon:
                self.pass_over(at, sizes)
            if not self.expect(at == self.count, self.count, f"it is missing: {at} comes next"):
                return  # neither tree nor histories can be right from here on
            self.count += 1
            if event in ("journal_restored", "journal_rewritten"):
                said = getattr(entry, event)
                if event == "journal_rewritten" and said.HasField("pruning"):
                    self.vouched.append(said.pruning)
                self.expect((said.size, said.root) == (at, self.tree.root()), at,
                            "it is not of the entries before it")
            self.tree.append(sha256(b"\0" + data))
            if self.count in sizes:
                self.roots[self.count] = self.tree.root()
            self.expect(len(data) <= 65_535, at, f"its {len(data)} bytes are too many")
            if event:
                self.check_entry(at, entry, event)
                self.check_stream(at, entry, event, entry.stream)
                self.check_payloads(at, entry, event)
                self.check_input(at, entry, event)
        if not self.expect(self.count, 0, "it is missing"):
            return
        for execution in self.executions.items():
            self.check_row(*execution)
        for at in sorted(at for places in self.erased.values() for at in places):
            self.expect(False, at, "a payload of it is erased, and no entry says that")
        self.check_extra()
        self.check_edge()
        self.check_pruned()
        self.check_keys()
        self.check_archives()
        if not self.problems:
            gone = self.pruning.entries
            lacks = (f" ({gone} entries and {self.pruning.executions} executions more are pruned)"
                     if gone else "")
            print(f"verified {self.count - gone} entries, {len(self.executions)} executions{lacks}, "
                  f"root {self.tree.root().hex()}")

    def pass_over(self, end, sizes):
        """The entries from the next one up to `end` are pruned: the tree has hashes for them."""
        self.gaps.append((self.count, end))
        while self.count < end:
            tile, place = divmod(self.count, 256)
            hashes = self.get("tiles", struct.pack(">BQ", 0, tile)) or b""
            above = self.get("tiles", struct.pack(">BQ", 1, tile // 256)) or b""
            root = above[tile % 256 * 32:tile % 256 * 32 + 32]
            if leaf := hashes[32 * place:32 * place + 32]:
                self.tree.append(leaf)
                self.count += 1
            elif not self.expect(place == 0 and end - self.count >= 256 and root, self.count,
                                 "it is pruned, and its hash is missing"):
                return
            else:
                self.tree.append_tile(root)
                self.count += 256
            if self.count in sizes:
                self.roots[self.count] = self.tree.root()

    def check_pruned(self):
        """What is gone is what an entry vouches for, and so are the hashes of ids that are left."""
        said, hash, count = self.pruning, hashlib.sha256(), 0
        if not self.get("meta", b"pruned"):
            self.expect("pruned" not in self.databases or not any(self.records("pruned")), "pruned",
                        "something is left of executions that are pruned, and no record says so")
            return
        self.expect(said in self.vouched, "meta", "no entry vouches for what is pruned")
        gaps = b"".join(key(bound) for gap in self.gaps for bound in gap)
        lost = sum(end - first for first, end in self.gaps)
        self.expect((lost, sha256(gaps)) == (said.entries, said.gaps), "entries",
                    f"{lost} before {said.horizon} are gone, not the {said.entries} that are pruned")
        for place, data in self.records("pruned"):
            hash.update(place + data)
            count += len(data) // 16
        self.expect((count, hash.digest()) == (said.executions, said.tombstones), "pruned",
                    "what is left of executions that are pruned is not what was written")

    def check_entry(self, at, entry, event):
        self.expect(entry.sequence == at, at, f"it says that it is entry {entry.sequence}")
        self.expect(entry.time >= self.time, at, "its time is before that of the entry before it")
        self.time = entry.time
        created = event == "journal_created" and entry.journal_created.format
        self.expect(created == (at == 0), at, f"it is {event}: entry 0, and no other, is "
                    "journal_created, with format 1")

    def check_stream(self, at, entry, event, number):
        # An entry that contradicts those before it is named, then believed: one fault, one line.
        if event in FIRST_EVENTS or event == "runbook_stored" and number == at:
            self.expect(number == at, at, f"it begins a stream, and says that that is {number}")
            self.streams[number] = Stream(event)
        elif number not in self.streams:
            self.expect(False, at, f"its stream {number} was not begun")
            self.streams[number] = Stream(None, entry.ordinal, entry.previous)
        stream = self.streams[number]
        # A refusal is about the stream that it is in: also about the journal's own.
        fits = [BEGINNINGS.get(event, "execution_submitted"), None]
        fits += ["journal_created"] * (event == "command_refused")
        self.expect(stream.begins in fits, at,
                    f"it is {event}, which does not belong into a stream that begins with "
                    f"{stream.begins}")
        self.expect((entry.ordinal, entry.previous) == (stream.entries, stream.last), at,
                    f"it says it is number {entry.ordinal} of its stream, after entry "
                    f"{entry.previous}: it is number {stream.entries}, after {stream.last}")
        is_member = self.records("histories").set_key_dup(key(number), key(at))
        self.expect(is_member, at, f"the history of stream {number} lacks it")
        stream.entries, stream.last = (entry.ordinal + 1) % 2**64, at
        if event == "session_opened":
            self.actors[number] = entry.session_opened.actor
        elif event in ("session_closed", "session_lost"):
            self.actors.pop(number, None)
        elif event == "archive_sealed":
            self.archives[at] = entry.archive_sealed
        elif event == "archive_dropped":
            dropped = self.archives.pop(entry.archive_dropped.archive, None)
            self.expect(dropped, at, "it drops an archive that there is not")
        if event == "execution_submitted":
            self.executions[number] = Execution(entry.execution_submitted, entry.time)
            if not entry.execution_submitted.continued_from:
                self.put_on_lists(number, entry)
            if entry.execution_submitted.forked_from:
                self.begin_fork(at, entry.execution_submitted)
        if execution := self.executions.get(number):
            self.check_execution(at, entry, event, number, execution)

    def check_execution(self, at, entry, event, number, execution):
        said = getattr(entry, event)
        stays_closed = execution.closed_at is not None and (
            event in ("secrets_wiped", "payloads_erased", "execution_archived")
            or event == "cleaning_skipped" and said.heir)
        self.expect(execution.closed_at is None or event == "execution_reopened" or stays_closed,
                    at, f"its execution {number} is not open")
        if event in ("secrets_stored", "secrets_wiped", "execution_completed"):
            self.check_secrets(at, entry, event, number)
        state = execution.summary
        self.expect(event in ("payloads_erased", "execution_archived") or not state.erased, at,
                    "it goes on with an execution whose payloads are erased")
        self.expect(event == "execution_archived" or not state.archived, at,
                    "it goes on with an execution that is archived")
        if event == "execution_archived":
            fits = said.archive in self.archives and not state.archived
            self.expect(fits if said.archive else state.archived, at,
                        "it does not lie in that archive, or lies in one already")
            state.archived = said.archive
        if event == "payloads_erased":
            state.erased = at
            self.check_erased(at, entry, said)
        state.entries, state.last = self.streams[number].entries, at
        execution.note_registration(event, said, at)
        self.check_cleaning(at, event, said, execution)
        if hasattr(said, "closes"):  # it ended, and may still have something to clean up
            execution.has_ended = True
            # Of one whose children failed: when the first of them did.
            state.finished_at = getattr(said, "finished_at", 0) or entry.time
            execution.is_continued = event == "execution_continued"
        state.updated_at = entry.time if entry.time != state.finished_at else 0
        if event == "operation_recorded" and said.operation.kind == pb.Operation.KIND_OUTPUT:
            execution.note_output(said.operation.name, at)
        if event == "child_started":
            execution.children[said.child] = at
        if event == "child_ended" and not said.reopened:
            execution.children.pop(said.child, None)
        if event == "execution_continued":
            for secret in self.secrets.values():
                secret[0] = said.next if secret[0] == number else secret[0]
        closes = event == "execution_closed" or getattr(said, "closes", False) or stays_closed
        execution.closed_at = at if closes else None

    def begin_fork(self, at, said):
        origin = self.executions.get(said.forked_from)
        self.expect(origin and said.forked_from < said.forked_before <= at, at,
                    f"it is a fork of {said.forked_from} before {said.forked_before}, which is "
                    "no execution before it")
        self.expect(not (said.parent or said.continued_from), at,
                    "a fork is nobody's child, and no later run of an id")
        if not origin:
            return
        self.expect(origin.summary.type == said.type, at,
                    f"it is a fork of {said.forked_from}, of another workflow")
        fork = self.executions[at]
        for name, output in origin.named:
            if output < said.forked_before:
                fork.note_output(name, output)
        fork.registered = {place: began for place, began in origin.registered.items()
                           if began < said.forked_before}
        fork.forked_before = said.forked_before

    def check_cleaning(self, at, event, said, execution):
        """What is done at an end was registered; what a fork is to do was registered before it."""
        if event == "cleaning_ended":
            name = said.operation.name
            self.expect(execution.has_ended, at, f"it cleans up {name!r} before the end")
            self.expect(place_of(said.operation) in execution.registered, at,
                        f"it cleans up {name!r}, which nothing has registered")
        if event == "cleaning_skipped" and (said.heir or said.before):
            heir = self.executions.get(said.heir)
            self.expect(heir and heir.forked_before == said.before, at,
                        f"it hands on to {said.heir}, which is no fork before {said.before}")
            began = execution.registered
            owes = (any(one < said.before for one in began.values())
                    or said.HasField("given") and place_of(said.given) in began)
            self.expect(owes and not said.keeps_compensations, at, "it hands on what is not registered")

    def check_secrets(self, at, entry, event, number):
        """Each key is named once, wiped once, and before its execution completes."""
        if event == "execution_completed":
            left = [secret for secret in self.secrets.values() if secret[0] == number]
            self.expect(not left, at, "it completes an execution whose secrets are not wiped")
            return
        said = getattr(entry, event)
        if event == "secrets_stored":
            self.expect(len(entry.commitments) == len(said.secrets), at,
                        "it has not one payload for each secret")
            for secret in said.secrets:
                self.expect(secret.key not in self.secrets, at, "it names a key a second time")
                self.secrets[secret.key] = [number, secret.slot, secret.name, at]
            return
        for secret in said.secrets:
            kept = self.secrets.pop(secret.key, [None] * 3)
            self.wiped[secret.key] = secret.name, at
            self.expect(kept[:3] == [number, secret.slot, secret.name], at,
                        f"it wipes the secret {secret.name}, which is not kept")

    def check_keys(self):
        """The file of keys has those that are kept. What a killed process left there is owed."""
        path = os.path.join(self.folder, "keys")
        if self.secrets and not os.path.lexists(path):  # a backup need not have it
            counts = len(self.secrets), len({number for number, *_ in self.secrets.values()})
            print("{} of {} cannot be opened here: the file keys is missing".format(
                *(f"{count} {word}{'s' * (count != 1)}"
                  for count, word in zip(counts, ("secret", "execution")))))
            return
        data = b""
        is_file = os.path.isfile(path) and not os.path.islink(path)  # a pipe would be waited for
        if os.path.lexists(path) and self.expect(is_file, "keys", "it is no regular file"):
            with open(path, "rb") as file:
                data = file.read()
        slots = {at: data[128 * at + 128:128 * at + 256] for at in range((len(data) - 1) // 128)}
        if slots:
            is_header = (data[:32] == b"DAYBOOK KEYS 1\n\0" + self.entry(0).journal_created.uuid
                         and data[112:128] == sha256(data[:112])[:16])
            self.expect(is_header, "keys", "its header is damaged, or that of another journal")
        for id, (_, slot, name, at) in self.secrets.items():
            held = slots.pop(slot, b"")
            fits = (held[:8] == b"KEY1" + struct.pack("<I", slot) and held[8:24] == id
                    and held[116:] == sha256(held[:116])[:12])
            self.expect(fits, at, f"slot {slot} of the file of keys does not hold that of {name}")
        for slot, held in slots.items():  # an entry is on the disk before a key is overwritten
            name, at = self.wiped.get(held[8:24], (None, None))
            if any(held):
                print(f"owed: the wipe of the secret {name} is recorded in entry {at}, and "
                      f"slot {slot} of the file of keys still holds its key" if name else
                      f"owed: slot {slot} of the file of keys holds what no entry names")

    def archive_sizes(self):
        """Of which trees archives are proven to be."""
        history, sizes = self.records("histories"), set()
        if history.set_key(key(0)):
            for member in history.iternext_dup():
                sizes.add(self.entry(number(member)).archive_sealed.size)
        return sizes

    def check_archives(self):
        """Each archive is the file that its entry vouches for, and proven to be of this journal."""
        for at, said in self.archives.items():
            members = [one.id for one in self.executions.values() if one.summary.archived == at]
            path = os.path.join(self.folder, "archive", said.name)
            is_file = (re.fullmatch(r"[0-9]{20}-[0-9a-f]{16}\.archive", said.name)
                       and os.path.isfile(path) and not os.path.islink(path))
            if not self.expect(is_file, at, f"the archive {said.name} is missing"):
                continue
            with open(path, "rb") as file:
                data = file.read()
            if not self.expect((len(data), sha256(data)) == (said.bytes, said.digest), at,
                               f"the archive {said.name} is another file"):
                continue
            archive = Archive(data)
            self.expect(not archive.problem, at, f"the archive {said.name}: {archive.problem}")
            header = archive.header
            self.expect((header.size, header.root, said.root) ==
                        (said.size, said.root, self.roots.get(
                            said.size, said.root if said.size < self.pruning.horizon else None)), at,
                        f"the archive {said.name} is not of this journal's entries")
            self.expect(set(members) <= {one.id for one in header.executions}, at,
                        f"the archive {said.name} lacks executions that say that they lie in it")

    def put_on_lists(self, number, entry):
        said = entry.execution_submitted
        actor = entry.request.actor or self.actors.get(entry.session, "")
        keys = [b"\0t" + said.type.encode()] + [b"\0a" + actor.encode()] * bool(actor)
        keys += [b"\0c" + said.parent.to_bytes(8, "big")] * bool(said.parent)
        keys += [b"\0f" + said.forked_from.to_bytes(8, "big")] * bool(said.forked_from)
        for label in said.labels:
            name = label.name.encode()
            keys.append(bytes([len(name) % 256]) + name + label.value.encode())
        self.lists |= {(key, number) for key in keys}

    def check_row(self, number, execution):
        if execution.is_continued:
            return  # the row is that of the next run
        for child, begun in execution.children.items():
            run = self.executions.get(child)
            self.expect(run and (run.is_continued or run.closed_at is None), begun,
                        f"the child {child} is closed, and its parent was not told")
        data = self.get("executions", execution.id.encode())
        row = decode(pb.ExecutionRow, data) or pb.ExecutionRow()
        right = pb.ExecutionRow(number=number, check=row.check)
        if execution.closed_at is not None:
            right.closed.CopyFrom(execution.closed(row.closed))
        at = number if execution.closed_at is None else execution.closed_at
        is_open = execution.closed_at is None
        standing = b"\0o" if is_open else b"\0s" + bytes([row.closed.status % 256])
        self.lists.add((standing, execution.first_run or number))
        self.expect(row == right and is_checked_row(execution.id.encode(), data), at,
                    f"the row of {execution.id!r} is missing or wrong")

    def check_erased(self, at, entry, said):
        """Everything in the range is gone, but for what entries of this kind say."""
        first, ends, place = getattr(said, "from"), set(), entry.previous
        while first <= place < at:
            other = self.entry(place)
            if place <= said.through:
                ends.add(place)
                record = decode(pb.Payloads, self.get("payloads", key(place)) or b"")
                is_gone = not any(one.ByteSize() for one in record.payloads) if record else True
                self.expect(is_gone or other.HasField("payloads_erased"), place,
                            f"entry {at} says that its payloads are erased, and they are there")
            if not other.ordinal or other.previous >= place:
                break
            place = other.previous
        self.expect({first, said.through} <= ends, at,
                    f"it erases {first} to {said.through}, not both before it in its stream")
        erased = self.erased.get(entry.stream, set())
        erased -= {place for place in erased if first <= place <= said.through}

    def check_payloads(self, at, entry, event):
        commitments = entry.commitments
        record = decode(pb.Payloads, self.get("payloads", key(at) if commitments else b""))
        payloads = record.payloads if record else []
        self.expect(len(payloads) == len(commitments), at, "its payload record is missing or wrong")
        for index, (payload, promised) in enumerate(zip(payloads, commitments)):
            # To HMAC a salt is the same with zeros after it: so its length counts, too.
            data = self.whole(at, payload)
            found = (len(payload.salt), len(data), hmac.digest(payload.salt, data, "sha256"))
            is_erased = found[:2] == (0, 0)
            if is_erased and self.expect(event != "payloads_erased", at, "its reason is erased"):
                self.erased.setdefault(entry.stream, set()).add(at)
            self.expect(is_erased or found == (16, promised.size, promised.mac), at,
                        f"payload {index} is not the one that it commits to")

    def whole(self, at, payload):
        """The bytes of a payload, some of which may be those of earlier ones of its stream."""
        numbers, data = iter(payload.slices), b"" if payload.slices else payload.data
        self.expect(len(payload.slices) % 4 == 0, at, "a slice of its payload is cut short")
        for place, index, start, size in zip(*[numbers] * 4):
            holder = payload
            if place:
                record = decode(pb.Payloads, self.get("payloads", key(place)) or b"")
                fits = (place < at and record and index < len(record.payloads)
                        and self.entry(place).stream == self.entry(at).stream)
                self.expect(fits, at, f"it has bytes of entry {place}, which has none for it")
                holder = record.payloads[index] if fits else pb.Payload()
            data += holder.data[start:start + size]
        return data

    def check_input(self, at, entry, event):
        """A declared input that is kept is the one whose digest the operation has."""
        said = getattr(entry, event)
        is_start = event == "operation_started"
        if not entry.commitments or not (is_start or getattr(said, "input", False) is True):
            return
        record, first = (decode(pb.Payloads, self.get("payloads", key(place)) or b"")
                         for place in (at, entry.stream))
        if not (record and first and record.payloads and first.payloads):
            return  # that they are missing is said elsewhere
        salt, kept = first.payloads[0].salt, record.payloads[0 if is_start else -1]
        if salt and kept.salt:  # neither of them is erased
            digest = hmac.digest(salt, self.whole(at, kept), "sha256")[:16]
            self.expect(digest == said.operation.input_digest, at,
                        "the input that it keeps is not the one whose digest the operation has")

    def check_tile(self, level, index, hashes):
        data = self.get("tiles", struct.pack(">BQ", level, index)) or b""
        if data == b"".join(hashes) or not self.expect(
                len(data) == 8192, f"tile {level}/{index}", "it is missing or of another length"):
            return
        for place, hash in enumerate(hashes):
            first, span = (256 * index + place) * 256**level, 256**level
            self.expect(data[32 * place:32 * place + 32] == hash,
                        f"entries {first} to {first + span - 1}" if level else first,
                        f"the hash in tile {level}/{index} is another")

    def check_extra(self):
        """Names the records that no entry asks for; that all it asks for is there is known."""
        for place in self.records("payloads").iternext(values=False):
            at = number(place)
            self.expect(self.entry(at).commitments, at, "it commits to no payload, and has some")
        for place, member in self.records("histories"):
            at, stream = number(member), number(place)
            self.expect(at < self.count and self.entry(at).stream == stream, at,
                        f"the history of stream {stream} names it")
        for id, data in self.records("executions"):
            at = (decode(pb.ExecutionRow, data) or pb.ExecutionRow()).number
            self.expect(at and self.entry(at).execution_submitted.id.encode() == id,
                        at or "executions", f"the row of {id!r} is not of its making")
        listed = {(bytes(list), number(member)) for list, member in self.records("lists")}
        for list, at in sorted(self.lists ^ listed):
            self.expect(False, at, f"it has to be on the list {list!r}" if (list, at) in self.lists
                        else f"the list {list!r} names it")
        for name, place in self.records("positions"):
            self.expect(number(place) <= self.count, "positions", f"{name!r} is behind the end")
        for place in self.records("tiles").iternext(values=False):
            level, index = (int.from_bytes(part, "big") for part in (place[:1], place[1:9]))
            full = (self.tree.full + [0] * 256)[level]
            if self.pruning.horizon and index == full and level < len(self.tree.edge):
                data = self.get("tiles", place)  # as it was when the file was pruned
                whole = b"".join(self.tree.edge[level])
                self.expect(data == whole[:len(data)], f"tile {level}/{index}", "it is another")
                continue
            self.expect(len(place) == 9 and index < full, f"tile {level}/{index}",
                        "its entries are not there")

    def check_edge(self):
        edge = decode(pb.TreeEdge, self.get("meta", b"edge"))
        if not self.expect(edge, "meta", "the edge is missing or cannot be read"):
            return
        number = self.transaction.id()
        generation = int.from_bytes(self.get("meta", b"generation") or b"", "little")
        self.expect(self.generation <= generation, "meta pages",
                    f"an earlier file of the journal lies in the place of file {self.generation}")
        answered = self.answered if self.generation == generation else 0
        self.expect(answered <= number or self.counts_anew, "meta pages",
                    f"commit {self.answered} was answered, and the file is at {number}")
        self.expect(edge.commit == number or (self.counts_anew and number == 1), "meta",
                    f"the last batch was commit {edge.commit}, and the file is at {number}")
        self.expect(edge.size == self.count, min(edge.size, self.count),
                    f"the edge is of {edge.size} entries, and there are {self.count}")
        root, leaves = self.tree.root(), [hash[:4] for hash in self.tree.edge[0]]
        self.expect(edge.root == root, "meta", f"the root is {edge.root.hex()}, not {root.hex()}")
        if self.expect(len(edge.leaves) == 4 * len(leaves), "meta", "the edge's length is wrong"):
            for place, leaf in enumerate(leaves, -len(leaves)):
                found = edge.leaves[4 * place:4 * place + 4 or None]
                self.expect(found == leaf, self.count + place, "its hash in the edge is another")


def run(command, folder, as_json):
    try:
        # Held shared, it keeps the file from being replaced. An exported copy has none.
        if is_there(path := os.path.join(folder, "open.lock")):
            fcntl.lockf(lock := open(path), fcntl.LOCK_SH | fcntl.LOCK_NB)
        journal = Journal(folder)
        journal.list(as_json) if command == "list" else journal.verify()
        return 5 if journal.problems else 0
    except BlockingIOError:
        print(f"{folder}: its file is being replaced; try again", file=sys.stderr)
        return 4
    except (lmdb.Error, OSError) as error:
        print(f"{folder}: {error}", file=sys.stderr)
        outside = (OSError, lmdb.ReadonlyError, lmdb.MemoryError, lmdb.ReadersFullError)
        return 1 if isinstance(error, outside) else 5


def run_archive(command, path, as_json):
    with open(path, "rb") as file:
        archive = Archive(file.read())
    if archive.problem:
        print(f"{path}: {archive.problem}", file=sys.stderr)
        return 5
    for archived in archive.entries if command == "list" else []:
        list_entry(pb.Entry.FromString(archived.entry), as_json)
    if command == "verify":
        header = archive.header
        print(f"verified {header.entries} entries, {len(header.executions)} executions, of the "
              f"tree of {header.size} entries, root {header.root.hex()}")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.error = lambda problem: parser.exit(64, f"{parser.format_usage()}{problem}\n")
    parser.add_argument("command", choices=["list", "verify"])
    parser.add_argument("journal", help="the journal's folder, or the file of an archive")
    parser.add_argument("--json", action="store_true", help="list: a JSON object for each entry")
    arguments = parser.parse_args()
    if os.path.isfile(arguments.journal):
        return run_archive(arguments.command, arguments.journal, arguments.json)
    if not os.path.isfile(os.path.join(arguments.journal, "journal.mdb")):
        print(f"{arguments.journal}: there is no journal", file=sys.stderr)
        return 3
    warnings.simplefilter("ignore")  # protobuf's, about bytes that decode() finds fault with
    for default in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(default, signal.SIG_DFL)
    # LMDB trusts its pages: reading damaged ones can kill the process, and that must have a name.
    child = os.fork()
    if child == 0:
        return run(arguments.command, arguments.journal, arguments.json)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if -status in (signal.SIGBUS, signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE):
        print(f"{arguments.journal}: its file is cut short or damaged", file=sys.stderr)
        return 5
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
