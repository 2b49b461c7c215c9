#!/usr/bin/env python3
"""check_style.py catches what it is there for: each test breaks a sound little tree in one way."""
import unittest

from little_tree import LittleTree  # noqa: it makes tools/ importable
import check_style


class Style(LittleTree):
    FILES = {
        "src/base/ip.h": "// ip.h: addresses\n#pragma once\n",
        "tests/unit/base/ip_test.cc": "TEST(Ip, rfc_033_literal) {\n  EXPECT_TRUE(true);\n}\n",
        "docs/rfc.md": "# RFCs\n\n| RFC | tests |\n|-|-|\n| 5321 | `rfc_033`, `tests/unit/base/*` |\n",
        "src/check/address/list.cc": "kList{&address::no_host};\n",
        "src/check/address/no_host.cc": 'const Check no_host{.id = "address.no-host",\n',
        "src/check/address/hosts.cc": "int hosts;\n",
        "src/check/address/hosts.h": "// hosts.h: a helper\n",
        "docs/checks/README.md": "# The checks\n",
        "docs/checks/address.no-host.md": "# address.no-host\n",
        "docs/immunity.md": "# Immunity\n\nSee [the RFCs](rfc.md#rfcs).\n",
    }

    def faults(self):
        return check_style.check(self.root)[0]

    def test_sound_tree_passes(self):
        self.assertEqual(check_style.check(self.root), ([], []))

    def test_long_file(self):
        self.write("src/base/big.cc", "int a;\n" * 451)
        self.assert_fault("451 lines")

    def test_longish_file_warns(self):
        self.write("src/base/big.cc", "int a;\n" * 401)
        self.assertEqual(check_style.check(self.root), ([], ["src/base/big.cc: 401 lines"]))

    def test_long_function(self):
        self.write("src/base/f.cc", "int f() {\n" + "  g();\n" * 100 + "}\n")
        self.assert_fault("src/base/f.cc:1: a function of 102 lines")

    def test_header_comment(self):
        self.write("src/base/x.h", "#pragma once\n")
        self.assert_fault("open with a comment")

    def test_machine_path(self):
        self.write("docs/a.md", "see /wor" "k/main/x\n")
        self.assert_fault("a path of one machine")

    def test_mark(self):
        self.write("src/base/f.cc", "// TO" "DO: later\n")
        self.assert_fault("a left-over mark")

    def test_dead_link(self):
        self.write("docs/a.md", "[x](gone.md)\n")
        self.assert_fault("leads nowhere")

    def test_dead_anchor(self):
        self.write("docs/a.md", "[x](rfc.md#gone)\n")
        self.assert_fault("no such heading")

    def test_double_test(self):
        self.write("tests/unit/base/two_test.cc", "TEST(Ip, rfc_033_literal) {}\n")
        self.assert_fault("stands in")

    def test_number_out_of_range(self):
        self.write("tests/unit/base/two_test.cc", "TEST(Ip, rfc_145_x) {}\n")
        self.assert_fault("conformance cases are")

    def test_page_names_a_case_without_test(self):
        self.write("docs/immunity.md", "| x | `rfc_067` |\n")
        self.assert_fault("no test begins with rfc_067")

    def test_page_names_a_test_that_is_not_there(self):
        self.write("docs/immunity.md", "| x | `rfc_033_literal`, `a_test_of_old` |\n")
        self.assert_fault("no test is called a_test_of_old")

    def test_check_without_a_page(self):
        self.write("src/check/mx/none.cc", 'const Check none{.id = "mx.none"};\n')
        self.assert_fault("docs/checks/mx.none.md is missing")

    def test_page_without_a_check(self):
        self.write("docs/checks/mx.none.md", "# mx.none\n")
        self.assert_fault("docs/checks/mx.none.md: no check")
        self.write("src/check/mx/none.cc", 'const Check none{.id = "mx.none"};\n')
        self.assertEqual(self.faults(), [])

    def test_a_shell(self):
        self.write("src/base/f.cc", 'int f() {\n  return std::system("date");\n}\n')
        self.assert_fault("src/base/f.cc:2: it starts a program")

    def test_the_demo_starts_itself(self):
        self.write("src/cli/demo/process.cc", "void f() {\n  ::fork();  // popen(\n}\n")
        self.assertEqual(self.faults(), [])

    def test_page_names_a_file_that_is_not_there(self):
        self.write("docs/immunity.md", "| x | `tests/e2e/test_gone.py` |\n")
        self.assert_fault("does not exist")

    def test_a_page_under_another_title(self):
        self.write("docs/checks/address.no-host.md", "# mx.other\n")
        self.assert_fault("open with: # address.no-host")

    def test_a_check_under_another_name(self):
        self.write("src/check/address/no_host.cc", 'const Check no_host{.id = "address.nobody",\n')
        self.assert_fault("names and id must agree")

    def test_a_family_may_hold_ids_of_several_subjects(self):
        self.write("src/check/transport/sts_none.cc", 'const Check sts_none{.id = "sts.none",\n')
        self.write("docs/checks/sts.none.md", "# sts.none\n")
        self.assertEqual(self.faults(), [])

    def test_two_checks_in_a_file(self):
        self.write("src/check/address/no_host.cc", 'const Check a{.id = "mx.a",\nconst Check b{.id = "mx.b",\n')
        self.assert_fault("2 checks; a file has one")

    def test_other_kinds_of_checks(self):
        self.write("src/check/zone/soa.cc", 'const ZoneCheck soa{\n    .id = "zone.soa",\n')
        self.write("src/check/change/late.cc", 'const ChangeCheck late{.about = {.id = "change.late",\n')
        self.assert_fault("docs/checks/zone.soa.md is missing")
        self.assert_fault("docs/checks/change.late.md is missing")

    def test_a_check_that_no_list_names(self):
        self.write("src/check/address/list.cc", "kList{};\n")
        self.assert_fault("src/check/address/list.cc does not name it")


if __name__ == "__main__":
    unittest.main()
