#!/usr/bin/env python3
"""check_layers.py catches what it is there for: each test breaks a sound little tree in one way."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
import check_layers  # noqa: E402

PAGE = """# Architecture

```
src/
  base/    values
  net/     sockets
  queue/   the spool
  route/   the planner
tests/     unit/
```

| room | may include | libraries |
|---|---|---|
| `base` | — | |
| `net` | base | Asio |
| `queue` | base | RocksDB |
| `route` | base | |
"""


class Layers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        self.write("ARCHITECTURE.md", PAGE)
        self.write("src/base/CMakeLists.txt", "waybill_room(base LIBS fmt::fmt)\n")
        self.write("src/base/ip.h", "#pragma once\n")
        for room in ("net", "queue", "route"):
            self.write(f"src/{room}/CMakeLists.txt", f"waybill_room({room} DEPS base)\n")
            self.write(f"src/{room}/{room}.h", '#include "base/ip.h"\n#include <string>\n')
        self.write("tests/unit/a_test.cc", "\n")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def assert_fault(self, part):
        faults = check_layers.check(self.root)
        self.assertTrue(any(part in fault for fault in faults), f"{part!r} is not in {faults}")

    def test_sound_tree_passes(self):
        self.assertEqual(check_layers.check(self.root), [])

    def test_sideways_include(self):
        self.write("src/route/plan.cc", '#include "queue/queue.h"\n')
        self.assert_fault("src/route/plan.cc:1: route may not include queue")

    def test_header_that_does_not_exist(self):
        self.write("src/route/plan.cc", '#include "base/gone.h"\n')
        self.assert_fault("does not exist")

    def test_include_not_named_from_src(self):
        self.write("src/route/plan.cc", '#include "route.h"\n')
        self.assert_fault("name it from src/")

    def test_library_out_of_its_room(self):
        self.write("src/route/plan.cc", "#include <boost/asio.hpp>\n")
        self.assert_fault("Asio does not belong into route")

    def test_deps_drift(self):
        self.write("src/route/CMakeLists.txt", "waybill_room(route DEPS base net LIBS x)\n")
        self.assert_fault("DEPS are base net")

    def test_journey_rooms_in_the_table(self):
        self.write("ARCHITECTURE.md", PAGE.replace("| `route` | base |", "| `route` | base queue |"))
        self.assert_fault("both rooms of the journey")

    def test_circle(self):
        self.write("ARCHITECTURE.md", PAGE.replace("| `base` | — |", "| `base` | net |"))
        self.assert_fault("circle")

    def test_tree_lacks_a_folder(self):
        self.write("docs/flow.md", "\n")
        self.assert_fault("its tree lacks docs/")

    def test_tree_draws_too_much(self):
        self.write("ARCHITECTURE.md", PAGE.replace("unit/", "unit/ soak/"))
        self.assert_fault("draws tests/soak/")

    def test_room_without_row(self):
        self.write("src/web/page.h", "\n")
        self.assert_fault("lacks src/web/")


if __name__ == "__main__":
    unittest.main()
