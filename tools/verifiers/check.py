#!/usr/bin/env python3
"""Checks roots with pymerkle and signatures with cryptography, in which no line is Daybook's.

    check.py roots FILE         the roots in a file of proofs, see checkTrees in main.go
    check.py entries FOLDER     the entries of `daybook tiles export` against the root in its checkpoint
    check.py note KEY FILE      a note signed by a log, or by a witness: prints its text

Exit status 1, with a sentence, when something is wrong.
"""
import base64
import hashlib
import os
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pymerkle import InmemoryTree

HASH = 32


class Wrong(Exception):
    pass


def tree_of(entries):
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    return tree


def roots(path):
    with open(path, "rb") as file:
        data = file.read()
    number = lambda place: struct.unpack_from("<Q", data, place)[0]
    tree = tree_of(struct.pack("<Q", leaf) for leaf in range(number(0)))
    place, count = 8, 0
    while place < len(data):
        kind, size = data[place:place + 1], number(place + 1)
        place += 9
        if kind != b"r":
            place += 16 + HASH * number(place + 8)
            continue
        if tree.get_root(size) != data[place:place + HASH]:
            raise Wrong(f"the root of {size} leaves is {tree.get_root(size).hex()}")
        place += HASH
        count += 1
    return f"{count} roots"


def bundle(folder, first, size):
    """The entries of a bundle, from `first` on."""
    width = min(256, size - first)
    digits = f"{first // 256:03d}"
    digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
    groups = [digits[place:place + 3] for place in range(0, len(digits), 3)]
    name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    suffix = f".p/{width}" if width < 256 else ""
    with open(f"{folder}/tile/entries/{name}{suffix}", "rb") as file:
        data = file.read()
    while data:
        length = int.from_bytes(data[:2], "big")
        yield data[2:2 + length]
        data = data[2 + length:]


def entries(folder):
    with open(f"{folder}/checkpoint", encoding="utf-8") as file:
        _, size, head = file.read().split("\n")[:3]
    size = int(size)
    tree = tree_of(e for first in range(0, size, 256) for e in bundle(folder, first, size))
    if tree.get_size() != size or tree.get_root(size) != base64.b64decode(head):
        raise Wrong(f"the {tree.get_size()} entries do not have the root of the checkpoint")
    return f"{size} entries"


def note(key, path):
    name, number, data = key.split("+", 2)
    data = base64.b64decode(data, validate=True)
    number = bytes.fromhex(number)
    # 1: the key of a log. 4: that of a witness (c2sp.org/tlog-cosignature).
    if data[0] not in (1, 4) or hashlib.sha256(name.encode() + b"\n" + data).digest()[:4] != number:
        raise Wrong("the key is not the one that its hash is of")
    with open(path, "rb") as file:
        text, signatures = file.read().rsplit(b"\n\n", 1)
    text += b"\n"
    for line in signatures.decode().splitlines():
        _, signer, signature = line.split(" ")
        signature = base64.b64decode(signature, validate=True)
        if signer == name and signature[:4] == number:
            signature, signed = signature[4:], text
            if data[0] == 4:
                seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
                signed = f"cosignature/v1\ntime {seconds}\n".encode() + text
            Ed25519PublicKey.from_public_bytes(data[1:]).verify(signature, signed)
            return text.decode().rstrip("\n")
    raise Wrong("the key has not signed it")


def main():
    commands = {"roots": (roots, 1), "entries": (entries, 1), "note": (note, 2)}
    command, count = commands.get(sys.argv[1] if len(sys.argv) > 1 else "", (None, 0))
    if not command or len(sys.argv) != count + 2:
        print(__doc__, file=sys.stderr)
        return 64
    try:
        print(command(*sys.argv[2:]))
    except InvalidSignature:
        print(f"{os.path.basename(__file__)}: the signature is wrong", file=sys.stderr)
        return 1
    except (Wrong, OSError, ValueError) as error:
        print(f"{os.path.basename(__file__)}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
