#include "cli/tree.h"

#include <string_view>

namespace waybill::cli {
namespace {
void draw(const Tree& tree, const std::string& before, std::string& out) {
  for (size_t i = 0; i < tree.children.size(); ++i) {
    const bool last = i + 1 == tree.children.size();
    out += before;
    out += last ? "└─ " : "├─ ";
    out += tree.children[i].text;
    out += '\n';
    draw(tree.children[i], before + (last ? "   " : "│  "), out);
  }
}
}  // namespace

std::string to_string(const Tree& tree) {
  std::string out = tree.text + "\n";
  draw(tree, "", out);
  return out;
}

}  // namespace waybill::cli
