#!/usr/bin/env python3
"""Changes a bundle of `daybook audit` a byte at a time, and sees whether its own check finds each.

    flips.py BUNDLE KEY...

Twice: as bytes are changed on the way, and as somebody changes them who makes SHA256SUMS anew. What is not signed
(the report, the README, the scripts) is found in the first way only.
"""
import contextlib
import hashlib
import importlib.util
import io
import os
import sys

sys.dont_write_bytecode = True
SUMS = "SHA256SUMS"
UNSIGNED = {"README", "report.html", "check.py", "check.go", "policy", SUMS}
# Of these every byte; of the others so many, from the first to the last.
WHOLE = {"head", "keys", "executions"}
MOST = 24


def places(name, size):
    if name in WHOLE or size <= MOST:
        return range(size)
    return sorted({place * (size - 1) // (MOST - 1) for place in range(MOST)})


def main():
    bundle, keys = sys.argv[1], sys.argv[2:]
    spec = importlib.util.spec_from_file_location("check", os.path.join(bundle, "check.py"))
    check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check)
    sys.argv = ["check.py"] + keys

    def status():
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return check.main()

    def write(name, data):
        with open(os.path.join(bundle, name), "wb") as file:
            file.write(data)

    if status() != 0:
        sys.exit("flips.py: the bundle is wrong as it is")
    sums = check.read(SUMS)
    tried, missed = [0, 0], []
    for name in check.names():
        data = check.read(name)
        for place in places(name, len(data)):
            changed = bytearray(data)
            changed[place] ^= 1 << place % 8
            old, new = (hashlib.sha256(one).hexdigest().encode() for one in (data, changed))
            write(name, changed)
            for anew in (False, True):
                if anew and name in UNSIGNED:
                    continue
                if anew:
                    write(SUMS, sums.replace(old + b"  " + name.encode() + b"\n",
                                             new + b"  " + name.encode() + b"\n"))
                tried[anew] += 1
                if status() == 0:
                    missed.append(f"byte {place} of {name}" + (", with new sums" if anew else ""))
            write(SUMS, sums)
            write(name, data)
    for one in missed:
        print(one, file=sys.stderr)
    if missed or status() != 0:
        return 1
    print(f"{tried[0]} changes, and {tried[1]} with new sums: all are found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
