#include "cli/svg.h"

#include <fmt/format.h>

#include <cmath>

#include "cli/output.h"

namespace waybill::cli {
namespace {
std::string_view word(Anchor anchor) {
  return anchor == Anchor::start ? "start" : anchor == Anchor::middle ? "middle" : "end";
}

std::string path(const std::vector<std::pair<double, double>>& points) {
  std::string out;
  for (const auto& [x, y] : points) out += fmt::format("{}{:.1f},{:.1f}", out.empty() ? "M" : " L", x, y);
  return out;
}
}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : repaired_utf8(text)) {
    const auto octet = static_cast<unsigned char>(c);
    if (octet < 0x20 || octet == 0x7f) continue;
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

NiceScale nice_scale(double value, int ticks) {
  if (!(value > 0)) return {1, 1};
  const double raw = value / ticks;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw * (1 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  return {step * std::ceil(value / step - 1e-9), step};
}

Svg::Svg(double width, double height, std::string_view title, std::string_view description) {
  out_ = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0:.0f} {1:.0f}' width='{0:.0f}' "
      "height='{1:.0f}' role='img' "
      "font-family='Helvetica,Arial,sans-serif'>\n<title>{2}</title>\n<desc>{3}</desc>\n"
      "<rect width='{0:.0f}' height='{1:.0f}' fill='#ffffff'/>\n",
      width, height, xml_text(title), xml_text(description));
}

void Svg::rect(double x, double y, double width, double height, std::string_view fill, double opacity) {
  out_ += fmt::format(
      "<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' fill='{}' fill-opacity='{:.2f}'/>\n", x, y,
      width, height, fill, opacity);
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view stroke, double width,
               std::string_view dashes) {
  out_ += fmt::format(
      "<line x1='{:.1f}' y1='{:.1f}' x2='{:.1f}' y2='{:.1f}' stroke='{}' stroke-width='{:.1f}'{}/>\n", x1, y1,
      x2, y2, stroke, width, dashes.empty() ? std::string() : fmt::format(" stroke-dasharray='{}'", dashes));
}

void Svg::area(const std::vector<std::pair<double, double>>& points, std::string_view fill, double opacity) {
  if (points.size() < 2) return;
  out_ += fmt::format("<path d='{} Z' fill='{}' fill-opacity='{:.2f}'/>\n", path(points), fill, opacity);
}

void Svg::curve(const std::vector<std::pair<double, double>>& points, std::string_view stroke, double width) {
  if (points.size() < 2) return;
  out_ +=
      fmt::format("<path d='{}' fill='none' stroke='{}' stroke-width='{:.1f}' stroke-linejoin='round'/>\n",
                  path(points), stroke, width);
}

void Svg::text(double x, double y, std::string_view what, Type type) {
  out_ += fmt::format(
      "<text x='{:.1f}' y='{:.1f}' font-size='{:.0f}' fill='{}' text-anchor='{}'{}>{}</text>\n", x, y,
      type.size, type.fill, word(type.anchor), type.bold ? " font-weight='600'" : "", xml_text(what));
}

std::string Svg::finish() && { return std::move(out_) + "</svg>\n"; }

}  // namespace waybill::cli
