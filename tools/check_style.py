#!/usr/bin/env python3
"""check_style.py [--root DIR]: what a machine can see of docs and style.

Faults (exit 1): a source file over 450 lines (a test: 675); a function over 100; a header in src/ that does not open with a
comment naming it; a path of one machine in the tree; a left-over mark; a link in a Markdown page that leads
nowhere; two tests of one name; a conformance number outside 1–144; docs/rfc.md or docs/immunity.md naming a
test, a file or a case that does not exist; a check without its page, or a page
without its check; a check whose file, name, id, list and page don't agree; a program or a shell
started anywhere but by `waybill demo`. Warnings: a file over 400 lines, a function over 65.
"""
import argparse
import pathlib
import re
import subprocess
import sys

LINES_MAX, LINES_WARN = 450, 400  # of a test: half as much again, for a case is a paragraph of its own
FUNCTION_MAX, FUNCTION_WARN = 100, 65
CASES_MAX = 144
SOURCE = {".cc", ".h", ".py", ".sh"}
MACHINE_PATH = re.compile(r"(?<![\w.{}$*/-])/(?:work|root|home/[a-z]+)/[\w.]")
MARK = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
# No shell, so that nothing in an envelope can reach one; the demo starts this same program, by its own path.
STARTS_A_PROGRAM = re.compile(r"\b(?:system|popen|exec(?:l|le|lp|v|ve|vp|vpe|veat)|fexecve|posix_spawnp?|v?fork|wordexp)\s*\(")
MAY_START_A_PROGRAM = {"src/cli/demo/process.cc"}
# What a check's file ends with: `const Check NAME{.id = "family.name"`, or ZoneCheck, or ChangeCheck{.about = {.id =`.
CHECK = re.compile(r'\bconst \w*Check (\w+)\s*\{\s*(?:\.about = \{\s*)?\.id = "([^"]*)"')
TEST = re.compile(r"^\s*(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP|RC_GTEST_FIXTURE_PROP|TYPED_TEST)\(\s*(\w+),\s*(\w+)", re.M)


def tracked(root):
    """The files that belong to the project, as git sees them; without git, all but build and hidden ones."""
    try:
        out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=root, check=True, text=True,
                             capture_output=True).stdout
        if out:
            return [root / name for name in sorted(set(out.splitlines())) if (root / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        pass
    return [path for path in sorted(root.rglob("*")) if path.is_file() and "build" not in path.parts
            and not any(part.startswith(".") for part in path.relative_to(root).parts)]


def functions(text):
    """(first line, length) of each function of clang-formatted code: from a line in column 0 that opens a
    block to the `}` in column 0 that closes it."""
    start = None
    for number, line in enumerate(text.splitlines(), 1):
        if start is None:
            opens = line.endswith("{") and line[:1] not in " }#/" and "(" in line
            if opens and not re.match(r"(namespace|struct|class|enum|union|extern)\b", line):
                start = number
        elif line.startswith("}"):
            yield start, number - start + 1
            start = None


def check_source(name, text):
    faults, warnings = [], []
    lines = text.count("\n")
    slack = 1.5 if name.startswith("tests/") else 1
    if lines > LINES_MAX * slack:
        faults.append(f"{name}: {lines} lines, over {LINES_MAX * slack:.0f}: more than one concept")
    elif lines > LINES_WARN * slack:
        warnings.append(f"{name}: {lines} lines")
    if name.endswith((".cc", ".h")):
        for first, length in functions(text):
            if length > FUNCTION_MAX:
                faults.append(f"{name}:{first}: a function of {length} lines")
            elif length > FUNCTION_WARN:
                warnings.append(f"{name}:{first}: a function of {length} lines")
    if name.startswith("src/") and name not in MAY_START_A_PROGRAM:
        for number, line in enumerate(text.splitlines(), 1):
            if STARTS_A_PROGRAM.search(line.split("//")[0]):
                faults.append(f"{name}:{number}: it starts a program: {line.strip()[:80]}")
    file = name.rsplit("/", 1)[-1]
    if name.startswith("src/") and name.endswith(".h") and not text.startswith(f"// {file}: "):
        faults.append(f"{name}:1: open with a comment: // {file}: what it is")
    return faults, warnings


def check_text(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield f"{name}:{number}: a path of one machine: {line.strip()[:80]}"
        if MARK.search(line):
            yield f"{name}:{number}: a left-over mark: {line.strip()[:80]}"


def anchors(text):
    """The anchors that a Markdown page's headings make."""
    found = set()
    for heading in re.findall(r"^#+ +(.*?)\s*$", text, re.M):
        plain = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


def check_links(root, path, text):
    name = path.relative_to(root)
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (path.parent / place).resolve() if place else path
        if not file.exists():
            yield f"{name}: its link {target} leads nowhere"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
            yield f"{name}: its link {target}: no such heading"


def check_tests(sources):
    """Names of tests; faults for doubles and for numbers that are no conformance case."""
    seen, faults, names = {}, [], set()
    for name, text in sources.items():
        if not name.startswith("tests/") or not name.endswith((".cc", ".h")):
            continue
        kind_and_room = "/".join(name.split("/")[1:3])
        for suite, test in TEST.findall(text):
            names.add(test)
            key = (kind_and_room, suite, test)
            if key in seen:
                faults.append(f"{name}: {suite}.{test} stands in {seen[key]} too")
            seen[key] = name
            number = re.match(r"rfc_(\d+)", test)
            if number and not (len(number.group(1)) == 3 and 1 <= int(number.group(1)) <= CASES_MAX):
                faults.append(f"{name}: {test}: conformance cases are rfc_001 to rfc_{CASES_MAX}")
    return names, faults


def check_named_tests(root, page, names):
    """Every `tests/…`, `src/…` path and every `rfc_NNN` or `name_of_a_test` in the page's tables exists."""
    path = root / page
    if not path.exists():
        yield f"{page} is missing"
        return
    numbers = {name[:7] for name in names if re.match(r"rfc_\d{3}", name)}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.startswith("|"):
            continue
        for quoted in re.findall(r"`([^`]+)`", line):
            if re.match(r"(tests|src|tools|docs)/", quoted):
                if not any(root.glob(quoted)):
                    yield f"{page}:{number}: {quoted} does not exist"
            elif re.fullmatch(r"rfc_\d{3}", quoted):
                if quoted not in numbers:
                    yield f"{page}:{number}: no test begins with {quoted}"
            elif re.fullmatch(r"[a-zA-Z0-9]+(_[a-zA-Z0-9]+){2,}", quoted) and quoted not in names:
                yield f"{page}:{number}: no test is called {quoted}"


def check_pages(root, sources):
    """Every check in src/check/ has a page of its id in docs/checks/, and every page a check."""
    ids = {found for name, text in sources.items() if name.startswith("src/check/")
           for found in re.findall(r'\.id = "([a-z0-9-]+\.[a-z0-9-]+)"', text)}
    pages = {path.stem for path in (root / "docs/checks").glob("*.md")} - {"README"}
    for name in sorted(ids - pages):
        yield f"docs/checks/{name}.md is missing: what does this check look at, and what does it report?"
    for name in sorted(pages - ids):
        yield f"docs/checks/{name}.md: no check in src/check/ has this id"


def check_check_files(root, sources):
    """One file a check in src/check/FAMILY/, named as its id says, and in the family's list; its page opens with the
    id. Files without any check are helpers."""
    for name, text in sources.items():
        parts = pathlib.PurePath(name).parts
        if parts[:2] != ("src", "check") or len(parts) != 4 or not name.endswith(".cc"):
            continue
        family, stem = parts[2], parts[3][:-3]
        found = CHECK.findall(text)
        if len(found) > 1:
            yield f"{name}: {len(found)} checks; a file has one"
        for variable, each in found:
            names = (stem, f"{family}_{stem}")
            if variable not in names or re.sub(r"[.-]", "_", each) not in names:
                yield f"{name}: it holds the check {each}, called {variable}: names and id must agree"
            elif not re.search(rf"&(\w+::)*{variable}\b", sources.get(f"src/check/{family}/list.cc", f"&{variable}")):
                yield f"{name}: src/check/{family}/list.cc does not name it"
            page = root / "docs/checks" / f"{each}.md"
            if page.is_file() and not page.read_text().startswith(f"# {each}\n"):
                yield f"docs/checks/{each}.md:1: open with: # {each}"


def check(root):
    faults, warnings, sources = [], [], {}
    for path in tracked(root):
        name = str(path.relative_to(root))
        if path.stat().st_size > 1_000_000 or name.startswith("tests/fuzz/corpus/"):
            continue
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        if name != "LICENSE":
            faults += check_text(name, text)
        if path.suffix in SOURCE or name in ("run", "test"):
            sources[name] = text
            more = check_source(name, text)
            faults += more[0]
            warnings += more[1]
        if path.suffix == ".md":
            faults += check_links(root, path, text)
    names, more = check_tests(sources)
    faults += more
    for page in ("docs/rfc.md", "docs/immunity.md"):
        faults += check_named_tests(root, page, names)
    faults += check_pages(root, sources)
    faults += check_check_files(root, sources)
    return faults, warnings


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[1])
    faults, warnings = check(parser.parse_args().root)
    for warning in warnings:
        print(f"warning: {warning}")
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults, {len(warnings)} warnings")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
