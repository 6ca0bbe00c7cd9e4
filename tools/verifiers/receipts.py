#!/usr/bin/env python3
"""Checks receipts of COSE (RFC 9942) with scitt-cose, pycose and cbor2, in which no line is Daybook's.

    receipts.py inclusion KEY FILE                     entries in a log: prints their numbers, one to a line
    receipts.py consistency KEY FILE HEAD HEAD         two signed heads of a log: prints their sizes

Exit status 1, with a sentence, when something is wrong. Where pycose or scitt-cose lack something it is
said: pycose computes no root, and scitt-cose reads no receipts of consistency, so that each does its part.
"""
import base64
import os
import sys

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pycose.exceptions import CoseException
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import CoseMessage
from scitt_cose import merkle
from scitt_cose.receipt import verify_receipt

from check import Wrong, note

SIGN1, KID, CLAIMS, VDS, VDP, ENTRIES = 18, 4, 15, 395, 396, -70001
INCLUSION, CONSISTENCY = -1, -2


def public(key):
    name, number, data = key.split("+", 2)
    return name, bytes.fromhex(number), base64.b64decode(data, validate=True)[1:]


def read(key, path):
    """The parts of a receipt, once what it says of itself agrees with the key."""
    with open(path, "rb") as file:
        data = file.read()
    item = cbor2.loads(data)
    # The deterministic encoding has one form.
    if cbor2.dumps(item, canonical=True) != data:
        raise Wrong("it is not in the deterministic encoding")
    if not isinstance(item, cbor2.CBORTag) or item.tag != SIGN1 or len(item.value) != 4:
        raise Wrong("it is no COSE_Sign1")
    protected, unprotected, payload, signature = item.value
    header = cbor2.loads(protected)
    if cbor2.dumps(header, canonical=True) != protected:
        raise Wrong("its protected header is not in the deterministic encoding")
    name, number, _ = public(key)
    if header[VDS] != 1 or header[KID] != number or header[CLAIMS][1] != name or payload is not None:
        raise Wrong("it is another log's, of another tree, or has a payload")
    return data, (protected, unprotected, signature), int(header[CLAIMS][2])


def check_signature(key, data, root):
    """By pycose, which is told the root."""
    message = CoseMessage.decode(data)
    message.key = OKPKey(crv=Ed25519, x=public(key)[2])
    if not message.verify_signature(detached_payload=root):
        raise Wrong("the signature is wrong")


def inclusion(key, path):
    data, (protected, unprotected, signature), size = read(key, path)
    proofs, entries = unprotected[VDP][INCLUSION], unprotected[ENTRIES]
    if len(proofs) != len(entries):
        raise Wrong("proofs and entries are not as many")
    pem = Ed25519PublicKey.from_public_bytes(public(key)[2]).public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    )
    numbers, root = [], None
    for proof, entry in zip(proofs, entries):
        # scitt-cose takes at most 16 proofs, and asks of which entry a receipt is: so each is a receipt of its
        # own. The proofs are not signed, the root is that they lead to.
        one = cbor2.CBORTag(SIGN1, [protected, {VDP: {INCLUSION: [proof]}}, None, signature])
        found = verify_receipt(
            cbor2.dumps(one, canonical=True), leaf_entry_hex=entry.hex(), log_public_key_pem=pem
        )
        if not found.ok:
            raise Wrong("; ".join(found.errors))
        if found.tree_size != size or found.issuer != public(key)[0]:
            raise Wrong("the tree or the log is another one than is signed")
        numbers.append(found.leaf_index)
        root = bytes.fromhex(found.root)
    check_signature(key, data, root)
    return "\n".join(str(number) for number in numbers)


def consistency(key, path, earlier, later):
    data, (_, unprotected, _), size = read(key, path)
    (proof,) = unprotected[VDP][CONSISTENCY]
    old, new, hashes = cbor2.loads(proof)
    roots = []
    for head, expected in ((earlier, old), (later, new)):
        _, said, root = note(key, head).split("\n")[:3]
        if int(said) != expected:
            raise Wrong(f"the head is of {said} entries, and the receipt of {expected}")
        roots.append(base64.b64decode(root))
    hashes = [bytes(part).hex() for part in hashes]
    if new != size or not merkle.verify_consistency(
        roots[0].hex(), roots[1].hex(), old, new, hashes
    ):
        raise Wrong("the later tree does not begin with the earlier one")
    check_signature(key, data, roots[1])
    return f"{old}\n{new}"


def main():
    commands = {"inclusion": (inclusion, 2), "consistency": (consistency, 4)}
    command, count = commands.get(sys.argv[1] if len(sys.argv) > 1 else "", (None, 0))
    if not command or len(sys.argv) != count + 2:
        print(__doc__, file=sys.stderr)
        return 64
    try:
        print(command(*sys.argv[2:]))
    except (Wrong, OSError, ValueError, KeyError, TypeError, CoseException, cbor2.CBORError) as error:
        print(f"{os.path.basename(__file__)}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
