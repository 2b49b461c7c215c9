#!/usr/bin/env python3
"""check_layers.py [--root DIR]: the rooms of src/ include only what ARCHITECTURE.md lets them.

Compares three things that must say the same: the table "What a room may include" in ARCHITECTURE.md, the DEPS
of each src/<room>/CMakeLists.txt, and the #include lines of the code. Moreover: the table has no circle, the
rooms of the journey never include each other, only MEETING joins two of them, a library stands only in the rooms that the table gives it, and
the tree that ARCHITECTURE.md draws is the real one. Prints each fault with its place; exit 1 if there is any.
"""
import argparse
import pathlib
import re
import sys

JOURNEY = {"receive", "policy", "queue", "route", "deliver", "bounce"}
# Where values of two of them may meet: handover turns one's into the other's, by functions that daemon and
# rehearse share; those two drive them; check reads their verdicts side by side. Anywhere else such a conversion would be a second copy.
MEETING = {"handover", "rehearse", "daemon", "check"}
PURE_BESIDE_JOURNEY = {"base", "mail"}  # all else that handover may include: nothing that asks, waits or is set
# How a library shows in an #include, by the name that the table uses.
LIBRARIES = {
    "Asio": r"boost/asio", "Beast": r"boost/beast", "OpenSSL": r"openssl/", "RocksDB": r"rocksdb/", "SQLite": r"sqlite3\.h",
    "libunbound": r"unbound", "ldns": r"ldns/", "toml++": r"toml\+\+/", "CLI11": r"CLI/", "libidn2": r"idn2",
    "libpsl": r"libpsl", "prometheus": r"prometheus/", "spdlog": r"spdlog/", "libevent": r"event2?[/.]",
}
TREE_ROOTS = ["src", "tests"]  # drawn folder by folder; of the rest only the folder itself


def parse_table(text):
    """Rows `| `room` | deps | libraries |` → {room: (deps, libraries)}."""
    rooms = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        match = re.fullmatch(r"`([a-z]+)/?`", cells[0]) if len(cells) >= 3 else None
        if match:
            deps = set(re.findall(r"[a-z]+", cells[1])) if cells[1] != "—" else set()
            rooms[match.group(1)] = (deps, {name for name in LIBRARIES if name in cells[2]})
    return rooms


def parse_tree(text):
    """The drawing in the first ``` block that begins with src/: the folders it names."""
    block = next((b for b in re.findall(r"```[a-z]*\n(.*?)```", text, re.S) if b.startswith("src/")), "")
    folders, parent = set(), ""
    for line in block.splitlines():
        match = re.match(r"( *)([A-Za-z0-9_.-]+)/", line)
        if not match:
            continue
        if not match.group(1):
            parent = match.group(2)
            folders.add(parent)
            # `tests/  unit/ property/ …` names children on the line itself.
            for child in re.findall(r"(?<= )([a-z0-9_-]+)/", line):
                folders.add(f"{parent}/{child}")
        else:
            folders.add(f"{parent}/{match.group(2)}")
    return folders


def real_tree(root):
    def has_file(folder):
        return any(path.is_file() for path in folder.rglob("*") if "__pycache__" not in path.parts)

    folders = set()
    for folder in root.iterdir():
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in ("build", "node_modules"):
            if has_file(folder):
                folders.add(folder.name)
            if folder.name in TREE_ROOTS:
                folders |= {f"{folder.name}/{child.name}" for child in folder.iterdir()
                            if child.is_dir() and child.name != "__pycache__" and has_file(child)}
    return folders


def cmake_deps(path):
    match = re.search(r"waybill_room\(\s*(\w+)(.*?)\)", path.read_text(), re.S)
    if not match:
        return None
    deps = re.search(r"DEPS\s+(.*?)(?=LIBS|$)", match.group(2), re.S)
    return set(deps.group(1).split()) if deps else set()


def check_table(rooms):
    for room, (deps, _) in rooms.items():
        for dep in sorted(deps - rooms.keys()):
            yield f"ARCHITECTURE.md: {room} may include {dep}, which the table does not have"
        if room in JOURNEY:
            for dep in sorted(deps & JOURNEY):
                yield f"ARCHITECTURE.md: {room} and {dep} are both rooms of the journey"
        elif room not in MEETING and len(deps & JOURNEY) > 1:
            yield f"ARCHITECTURE.md: {room} joins {' and '.join(sorted(deps & JOURNEY))}: handover does that"
        if room == "handover":
            for dep in sorted(deps - JOURNEY - PURE_BESIDE_JOURNEY):
                yield f"ARCHITECTURE.md: handover only converts values, so it may not include {dep}"
    done = set()
    while True:  # rooms whose dependencies are all done; what stays over stands in a circle
        ready = {room for room, (deps, _) in rooms.items() if room not in done and deps <= done}
        if not ready:
            break
        done |= ready
    for room in sorted(rooms.keys() - done):
        yield f"ARCHITECTURE.md: {room} stands in a circle (or on one)"


def check_room(root, room, allowed, libraries):
    folder = root / "src" / room
    cmake = folder / "CMakeLists.txt"
    deps = cmake_deps(cmake) if cmake.exists() else None
    if deps is None:
        yield f"src/{room}/CMakeLists.txt: has no waybill_room({room} …)"
    elif deps != allowed:
        yield (f"src/{room}/CMakeLists.txt: DEPS are {' '.join(sorted(deps)) or 'none'}; "
               f"ARCHITECTURE.md says {' '.join(sorted(allowed)) or 'none'}")
    for path in sorted([*folder.rglob("*.h"), *folder.rglob("*.cc")]):
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
            if not match:
                continue
            where, target = f"{path.relative_to(root)}:{number}", match.group(2)
            if match.group(1) == '"':
                first = target.split("/")[0]
                if "/" not in target or not (root / "src" / first).is_dir():
                    yield f'{where}: "{target}": name it from src/, as in "{room}/{target}"'
                elif first != room and first not in allowed:
                    yield f"{where}: {room} may not include {first} (\"{target}\")"
                elif not (root / "src" / target).exists():
                    yield f'{where}: "{target}" does not exist'
            else:
                for name, pattern in LIBRARIES.items():
                    if re.match(pattern, target) and name not in libraries:
                        yield f"{where}: <{target}>: {name} does not belong into {room}"


def check_tree(text, root):
    drawn, real = parse_tree(text), real_tree(root)
    for folder in sorted(real - drawn):
        yield f"ARCHITECTURE.md: its tree lacks {folder}/"
    for folder in sorted(drawn - real):
        yield f"ARCHITECTURE.md: its tree draws {folder}/, which is not there"


def check(root):
    page = root / "ARCHITECTURE.md"
    if not page.exists():
        return ["ARCHITECTURE.md is missing"]
    text = page.read_text()
    rooms = parse_table(text)
    faults = [] if rooms else ["ARCHITECTURE.md: no table of rooms"]
    faults += check_table(rooms)
    here = {folder.name for folder in (root / "src").iterdir() if folder.is_dir() and any(folder.iterdir())}
    faults += [f"ARCHITECTURE.md: the table lacks src/{room}/" for room in sorted(here - rooms.keys())]
    faults += [f"ARCHITECTURE.md: the table has {room}, src/ has not" for room in sorted(rooms.keys() - here)]
    for room in sorted(here & rooms.keys()):
        faults += check_room(root, room, *rooms[room])
    faults += check_tree(text, root)
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[1])
    faults = check(parser.parse_args().root)
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults" if faults else "the rooms keep to ARCHITECTURE.md")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
