#if CLI
/// What lies in a bundle of evidence and checks it, as it is written there.
enum AuditScripts {
    /// With Python and the package cryptography.
    static let python = #"""
        #!/usr/bin/env python3
        """Checks a bundle of evidence with nothing but Python and the package cryptography.

            python3 -I check.py KEY...

        KEY is the public key of the log, and those of witnesses that are asked for: from whoever vouches for them,
        and not from this folder. Exit status 0: everything that is here is as the signed head says. 1: something is not.
        What was left off at the end of an execution does not show: no signature is over the counts in `executions`.
        """
        import base64
        import hashlib
        import hmac
        import os
        import sys

        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        FOLDER = os.path.dirname(os.path.abspath(__file__))
        SUMS = "SHA256SUMS"
        # Numbers of events in an entry.
        SUBMITTED, SECRETS, ERASED = 32, 96, 128


        class Wrong(Exception):
            pass


        def read(name):
            with open(os.path.join(FOLDER, name), "rb") as file:
                return file.read()


        def base64_of(text):
            data = base64.b64decode(text, validate=True)
            if base64.b64encode(data).decode() != text:
                raise Wrong("it is not the one form of Base64")
            return data


        def number_of(text):
            if not text.isascii() or not text.isdigit() or str(int(text)) != text:
                raise Wrong(f"{text!r} is no number")
            return int(text)


        def sha256(data):
            return hashlib.sha256(data).digest()


        # Files

        def names():
            """All files of the bundle, in the order of their names' bytes."""
            found = []
            for folder, folders, files in os.walk(FOLDER):
                for name in files + [one for one in folders if os.path.islink(os.path.join(folder, one))]:
                    path = os.path.relpath(os.path.join(folder, name), FOLDER)
                    if os.path.islink(os.path.join(folder, name)):
                        raise Wrong(f"{path} is a link")
                    found.append(path)
            return sorted(found, key=os.fsencode)


        def check_sums(found):
            lines = [f"{sha256(read(name)).hex()}  {name}\n" for name in found if name != SUMS]
            listed = read(SUMS).decode().splitlines(keepends=True)
            for line in listed:
                if line not in lines:
                    raise Wrong(f"{line.rstrip()[66:] or SUMS} is not the file that {SUMS} has")
            for line in lines:
                if line not in listed:
                    raise Wrong(f"{line.rstrip()[66:]} is not in {SUMS}")
            if listed != lines:
                raise Wrong(f"{SUMS} is not in order")


        # The signed head: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature

        class Key:
            def __init__(self, text):
                self.name, number, data = text.split("+", 2)
                data, self.number = base64_of(data), bytes.fromhex(number)
                self.kind, self.key = data[0], data[1:]
                # 1: the key of a log. 4: that of a witness.
                if (self.kind not in (1, 4) or len(self.key) != 32 or number != self.number.hex()
                        or sha256(self.name.encode() + b"\n" + data)[:4] != self.number):
                    raise Wrong(f"{text} is no key, or a letter of it has been changed")

            def verify(self, signature, text):
                if self.kind == 4:
                    time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
                    text = f"cosignature/v1\ntime {time}\n".encode() + text
                Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text)


        def check_note(note, keys):
            """The origin, size and root of a head that all keys have signed."""
            text, _, signatures = note.rpartition(b"\n\n")
            text += b"\n"
            if not signatures.endswith(b"\n"):
                raise Wrong("the head has no end")
            signed = set()
            for line in signatures.decode().split("\n")[:-1]:
                dash, name, signature = line.split(" ")
                signature = base64_of(signature)
                if dash != "\u2014":
                    raise Wrong("a line below the head is no signature")
                for key in keys:
                    if key.name == name and key.number == signature[:4]:
                        try:
                            key.verify(signature[4:], text)
                        except InvalidSignature:
                            raise Wrong(f"the signature of {name} under the head is wrong") from None
                        signed.add(key)
            for key in keys:
                if key not in signed:
                    raise Wrong(f"{key.name} has not signed the head")
            origin, size, root = text.decode().split("\n")[:3]
            if not any(key.kind == 1 and key.name == origin for key in keys):
                raise Wrong(f"the head is of the log {origin}, and none of the keys is that log's")
            return origin, number_of(size), base64_of(root)


        # Proofs: c2sp.org/tlog-proof, RFC 9162 2.1.3.2

        def check_inclusion(entry, index, size, root, path):
            if index >= size:
                raise Wrong(f"the head is of {size} entries")
            place, last, found = index, size - 1, sha256(b"\0" + entry)
            for step in path:
                if last == 0:
                    raise Wrong("its proof is too long")
                if place % 2 == 1 or place == last:
                    found = sha256(b"\1" + step + found)
                    while place % 2 == 0 and place > 0:
                        place, last = place // 2, last // 2
                else:
                    found = sha256(b"\1" + found + step)
                place, last = place // 2, last // 2
            if last != 0 or found != root:
                raise Wrong("its proof does not lead to the root of the head")


        def check_proof(index, head, size, root):
            """The entry, which the signed head is of."""
            body, _, note = read(f"entries/{index}.tlog-proof").partition(b"\n\n")
            lines = body.decode().split("\n")
            if lines[0] != "c2sp.org/tlog-proof@v1" or lines[2] != f"index {index}" or note != head:
                raise Wrong("its proof is of another entry, or of another head")
            if not lines[1].startswith("extra "):
                raise Wrong("its proof has no entry")
            entry = base64_of(lines[1][len("extra "):])
            if entry != read(f"entries/{index}"):
                raise Wrong("the entry in its proof is another one")
            check_inclusion(entry, index, size, root, [base64_of(line) for line in lines[3:]])
            return entry


        # Entries: the wire format of protocol buffers

        def varint(data, place):
            value = shift = 0
            while True:
                byte = data[place]
                value |= (byte & 0x7F) << shift
                place, shift = place + 1, shift + 7
                if byte < 0x80:
                    return value, place


        def fields(data):
            """Pairs of a field's number and its value."""
            place = 0
            while place < len(data):
                tag, place = varint(data, place)
                kind = tag & 7
                if kind == 0:
                    value, place = varint(data, place)
                elif kind in (1, 5):
                    length = 8 if kind == 1 else 4
                    value, place = int.from_bytes(data[place:place + length], "little"), place + length
                elif kind == 2:
                    length, place = varint(data, place)
                    value, place = data[place:place + length], place + length
                else:
                    raise Wrong("it is no entry")
                yield tag >> 3, value


        class Entry:
            def __init__(self, data):
                all_fields = list(fields(data))
                first = dict(reversed(all_fields))
                self.sequence, self.stream = first.get(1, 0), first.get(3, 0)
                self.ordinal, self.previous = first.get(4, 0), first.get(5, 0)
                self.session = first.get(7, 0)
                self.commitments = [dict(fields(value)) for number, value in all_fields if number == 10]
                self.event, said = next(((n, v) for n, v in all_fields if n >= 16), (0, b""))
                self.said = dict(fields(said))


        def check_payloads(entry, erased, found):
            """How many payloads of the entry are there, and how many were erased."""
            kept = gone = 0
            for place, commitment in enumerate(entry.commitments):
                name = f"payloads/{entry.sequence}-{place}"
                if name in found:
                    found -= {name, name + ".salt"}
                    data, salt = read(name), read(name + ".salt")
                    mac = hmac.new(salt, data, hashlib.sha256).digest()
                    if len(salt) != 16 or len(data) != commitment.get(2, 0) or mac != commitment.get(1):
                        raise Wrong(f"{name} is not what the entry commits to")
                    kept += 1
                elif entry.event != SECRETS:  # sealed, and not handed out
                    if not any(one.stream == entry.stream and entry.event != ERASED
                               and one.said.get(2, 0) <= entry.sequence <= one.said.get(3, 0)
                               for one in erased):
                        raise Wrong(f"{name} is missing, and no entry says that it was erased")
                    gone += 1
            return kept, gone


        def check_histories(entries):
            """That each execution has the entries that `executions` counts, from its first, linked one to the other."""
            lines = read("executions").decode().split("\n")
            if lines[0] != "daybook.audit/1" or lines[-1] or len(lines) < 3:
                raise Wrong("executions is not a list of them")
            for line in lines[1:-1]:
                stream, count, name = line.split(" ", 2)
                stream, count = number_of(stream), number_of(count)
                own = sorted((e for e in entries.values() if e.stream == stream), key=lambda e: e.ordinal)
                first = own[0] if own else None
                if (not first or first.sequence != stream or first.event != SUBMITTED
                        or first.said.get(1, b"").decode() != name):
                    raise Wrong(f"the execution {name} does not begin with entry {stream}")
                if [one.ordinal for one in own] != list(range(count)):
                    raise Wrong(f"the execution {name} has not the {count} entries that it should have")
                for one, next_one in zip(own, own[1:]):
                    if next_one.previous != one.sequence:
                        raise Wrong(f"entry {next_one.sequence} does not follow entry {one.sequence}")
            return len(lines) - 2


        def check(keys):
            all_names = names()
            check_sums(all_names)
            head = read("head")
            origin, size, root = check_note(head, keys)
            listed = [Key(line) for line in read("keys").decode().splitlines()]
            check_note(head, listed)
            found = set(all_names)
            entries = {}
            for name in all_names:
                if not name.startswith("entries/") or not name.endswith(".tlog-proof"):
                    continue
                index = number_of(name[len("entries/"):-len(".tlog-proof")])
                try:
                    entries[index] = Entry(check_proof(index, head, size, root))
                    if entries[index].sequence != index:
                        raise Wrong("it has another number")
                except (Wrong, ValueError, LookupError, OSError) as error:
                    raise Wrong(f"entry {index}: {error}") from None
                found -= {name, f"entries/{index}"}
            erased = [one for one in entries.values() if one.event == ERASED]
            kept = gone = 0
            for index, entry in entries.items():
                if entry.session and entry.session not in entries:
                    raise Wrong(f"entry {index}: the session {entry.session} that wrote it is missing")
                counts = check_payloads(entry, erased, found)
                kept, gone = kept + counts[0], gone + counts[1]
            runs = check_histories(entries)
            found -= {SUMS, "README", "check.py", "check.go", "executions", "head", "keys", "policy", "report.html"}
            if found:
                raise Wrong(f"{min(found)} is no part of a bundle")
            print(f"runs {runs}, entries {len(entries)}, payloads {kept}, erased {gone}: "
                  f"all as the head of {origin} at {size} entries says")
            print("not proven: that no execution had later entries; the counts in executions are not signed")


        def main():
            if len(sys.argv) < 2:
                print(__doc__, file=sys.stderr)
                return 64
            try:
                check([Key(text) for text in sys.argv[1:]])
            except (Wrong, ValueError, LookupError, OSError) as error:
                print(f"check.py: {error}", file=sys.stderr)
                return 1
            return 0


        if __name__ == "__main__":
            sys.exit(main())

        """#

    /// With Go and golang.org/x/mod/sumdb.
    static let go = #"""
        // Checks the head and the proofs of a bundle with golang.org/x/mod/sumdb.
        //
        //	go run check.go KEY
        package main

        import (
        	"bytes"
        	"encoding/base64"
        	"fmt"
        	"os"
        	"path/filepath"
        	"strconv"
        	"strings"

        	"golang.org/x/mod/sumdb/note"
        	"golang.org/x/mod/sumdb/tlog"
        )

        func main() {
        	if len(os.Args) != 2 {
        		fmt.Fprintln(os.Stderr, "check.go: give the public key of the log")
        		os.Exit(64)
        	}
        	count, err := check(os.Args[1])
        	if err != nil {
        		fmt.Fprintln(os.Stderr, "check.go:", err)
        		os.Exit(1)
        	}
        	fmt.Printf("%d entries are in the tree of the head\n", count)
        }

        func check(key string) (int, error) {
        	verifier, err := note.NewVerifier(key)
        	if err != nil {
        		return 0, err
        	}
        	head, err := os.ReadFile("head")
        	if err != nil {
        		return 0, err
        	}
        	opened, err := note.Open(head, note.VerifierList(verifier))
        	if err != nil {
        		return 0, err
        	}
        	lines := strings.Split(opened.Text, "\n")
        	if len(lines) < 4 || lines[0] != verifier.Name() {
        		return 0, fmt.Errorf("the head is not of %s", verifier.Name())
        	}
        	size, err := strconv.ParseInt(lines[1], 10, 64)
        	if err != nil {
        		return 0, err
        	}
        	root, err := tlog.ParseHash(lines[2])
        	if err != nil {
        		return 0, err
        	}
        	proofs, err := filepath.Glob("entries/*.tlog-proof")
        	if err == nil && len(proofs) == 0 {
        		err = fmt.Errorf("no proof is here")
        	}
        	for _, name := range proofs {
        		if err == nil {
        			err = checkProof(name, head, size, root)
        		}
        	}
        	return len(proofs), err
        }

        func checkProof(name string, head []byte, size int64, root tlog.Hash) error {
        	file, err := os.ReadFile(name)
        	if err != nil {
        		return err
        	}
        	entry, err := os.ReadFile(strings.TrimSuffix(name, ".tlog-proof"))
        	if err != nil {
        		return err
        	}
        	body, signed, _ := bytes.Cut(file, []byte("\n\n"))
        	lines := strings.Split(string(body), "\n")
        	number := strings.TrimSuffix(filepath.Base(name), ".tlog-proof")
        	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" || !bytes.Equal(signed, head) ||
        		lines[1] != "extra "+base64.StdEncoding.EncodeToString(entry) || lines[2] != "index "+number {
        		return fmt.Errorf("%s is not the proof of its entry in the tree of the head", name)
        	}
        	index, err := strconv.ParseInt(number, 10, 64)
        	if err != nil {
        		return err
        	}
        	var path tlog.RecordProof
        	for _, line := range lines[3:] {
        		hash, err := tlog.ParseHash(line)
        		if err != nil {
        			return fmt.Errorf("%s: %v", name, err)
        		}
        		path = append(path, hash)
        	}
        	if err := tlog.CheckRecord(path, size, root, index, tlog.RecordHash(entry)); err != nil {
        		return fmt.Errorf("%s: %v", name, err)
        	}
        	return nil
        }

        """#
}
#endif
