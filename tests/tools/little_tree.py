"""little_tree.py: a sound little tree in a temporary folder, for the tests of tools/check_*.py to break."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))


class LittleTree(unittest.TestCase):
    """A test case names its files in FILES and gives its check's faults in faults()."""
    FILES = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name, text in self.FILES.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def faults(self):
        raise NotImplementedError

    def assert_fault(self, part):
        faults = self.faults()
        self.assertTrue(any(part in fault for fault in faults), f"{part!r} is not in {faults}")
