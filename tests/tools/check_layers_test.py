#!/usr/bin/env python3
"""check_layers.py catches what it is there for: each test breaks a sound little tree in one way."""
import unittest

from little_tree import LittleTree  # noqa: it makes tools/ importable
import check_layers

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

ROOMS = ("net", "queue", "route")


class Layers(LittleTree):
    FILES = {
        "ARCHITECTURE.md": PAGE,
        "src/base/CMakeLists.txt": "waybill_room(base LIBS fmt::fmt)\n",
        "src/base/ip.h": "#pragma once\n",
        **{f"src/{room}/CMakeLists.txt": f"waybill_room({room} DEPS base)\n" for room in ROOMS},
        **{f"src/{room}/{room}.h": '#include "base/ip.h"\n#include <string>\n' for room in ROOMS},
        "tests/unit/a_test.cc": "\n",
    }

    def faults(self):
        return check_layers.check(self.root)

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

    def test_two_journey_rooms_meet_elsewhere(self):
        page = PAGE.replace("| `net` | base |", "| `net` | base queue route |")
        self.write("ARCHITECTURE.md", page)
        self.assert_fault("net joins queue and route")
        self.write("ARCHITECTURE.md", page.replace("`net`", "`daemon`"))
        self.assertFalse(any("joins" in fault for fault in self.faults()))

    def test_handover_only_converts(self):
        row = "| `handover` | base queue route{} | |\n"
        self.write("ARCHITECTURE.md", PAGE + row.format(""))
        self.assertFalse(any("only converts" in fault for fault in self.faults()))
        self.write("ARCHITECTURE.md", PAGE + row.format(" net"))
        self.assert_fault("handover only converts values, so it may not include net")

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
