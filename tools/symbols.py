"""The symbols of the library's modules, as tools/docs and tools/api need them.

Wants a debug build.
"""
import glob
import json
import os
import subprocess
import sys

MODULES = [
    "Daybook", "DaybookView", "DaybookModel", "DaybookJournal", "DaybookFormat", "DaybookInspector",
    "DaybookSystem", "LMDB", "DaybookTesting",
]
BUILD = ".build/debug"
# Written by protoc, and documented in daybook.proto.
GENERATED = "Proto"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        name = os.path.basename(sys.argv[0])
        sys.exit(f"{name}: {command[0]} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def tool(name):
    """A tool of the toolchain that `swift` belongs to."""
    compiler = json.loads(run("swift", "-print-target-info"))["paths"]["runtimeResourcePath"]
    return os.path.join(os.path.dirname(os.path.dirname(compiler)), "bin", name)


def graphs(modules, folder, level="public"):
    """The symbol graph of each module, whose files are left in the folder.

    level is the access level from which on symbols are taken: public, or package.
    """
    target = json.loads(run("swift", "-print-target-info"))["target"]["triple"]
    maps = []
    for path in sorted(glob.glob(f"{BUILD}/*.build/module.modulemap")):
        maps += ["-Xcc", f"-fmodule-map-file={path}"]
    for module in modules:
        run(
            tool("swift-symbolgraph-extract"), "-module-name", module, "-target", target,
            "-I", f"{BUILD}/Modules", "-I", "Sources/CLMDB", "-I", "Sources/CSystem", *maps,
            "-minimum-access-level", level, "-output-dir", folder,
        )
        with open(f"{folder}/{module}.symbols.json", encoding="utf-8") as file:
            yield json.load(file)


def merged(folder, level):
    """One symbol graph of all modules, which says that they are one; the only file in the folder."""
    whole = None
    known = set()
    for graph in graphs(MODULES, folder, level):
        if whole is None:
            whole = graph | {"symbols": [], "relationships": []}
        for symbol in graph["symbols"]:
            name = symbol["identifier"]["precise"]
            if not symbol["pathComponents"][0].startswith(GENERATED) and name not in known:
                known.add(name)
                whole["symbols"].append(symbol)
        whole["relationships"] += graph["relationships"]
    whole["relationships"] = [one for one in whole["relationships"] if one["source"] in known]
    for path in glob.glob(f"{folder}/*.symbols.json"):
        os.remove(path)
    with open(f"{folder}/Daybook.symbols.json", "w", encoding="utf-8") as file:
        json.dump(whole, file)
    return whole
