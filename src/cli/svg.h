// svg.h: the few shapes that a plot is made of, as SVG text. Pure. Texts are escaped, and cleaned of what XML
// can't hold; numbers have one decimal, so that the same picture is always the same file.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waybill::cli {

enum class Anchor : uint8_t { start, middle, end };

class Svg {
 public:
  Svg(double width, double height, std::string_view title, std::string_view description);

  void rect(double x, double y, double width, double height, std::string_view fill, double opacity = 1);
  void line(double x1, double y1, double x2, double y2, std::string_view stroke, double width = 1,
            std::string_view dashes = {});
  /// A closed area; fewer than two points draw nothing.
  void area(const std::vector<std::pair<double, double>>& points, std::string_view fill, double opacity = 1);
  void curve(const std::vector<std::pair<double, double>>& points, std::string_view stroke, double width);
  struct Type {
    double size = 12;
    std::string_view fill = "#202124";
    Anchor anchor = Anchor::start;
    bool bold = false;
  };
  void text(double x, double y, std::string_view what, Type type);
  [[nodiscard]] std::string finish() &&;

 private:
  std::string out_;
};

/// For XML: & < > " ' as entities, control characters left out, broken UTF-8 replaced.
[[nodiscard]] std::string xml_text(std::string_view text);
/// A round number at least `value`, and the step between the ticks below it: 1, 2 or 5 times a power of ten.
struct NiceScale {
  double top = 1, step = 1;
};
[[nodiscard]] NiceScale nice_scale(double value, int ticks = 4);

}  // namespace waybill::cli
