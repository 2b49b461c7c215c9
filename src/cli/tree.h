// tree.h: text as a tree for a terminal. Pure.
#pragma once

#include <string>
#include <vector>

namespace waybill::cli {

/// One line and what hangs below it. The text is printed as it is: make what comes from outside safe first.
struct Tree {
  std::string text;
  std::vector<Tree> children = {};
  Tree& add(std::string line) { return children.emplace_back(Tree{.text = std::move(line)}); }
};

/// The root's text, then its children with lines drawn to them; ends in a newline.
[[nodiscard]] std::string to_string(const Tree& tree);

}  // namespace waybill::cli
