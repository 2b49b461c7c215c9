#include "cli/rehearse_svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/rehearse_plot.h"
#include "cli/svg.h"

namespace waybill::cli {
namespace {
using Points = std::vector<std::pair<double, double>>;

constexpr double kWidth = 960, kLeft = 82, kRight = 28;
constexpr double kLoadHeight = 230, kQueueHeight = 150, kGap = 58;
constexpr std::string_view kGrey = "#5f6368", kGrid = "#e3e5e8", kOut = "#c5221f", kQueue = "#8a6d00";
/// Told apart by people who do not see red and green, too (Okabe and Ito), and dark enough on white.
constexpr std::array<std::string_view, 8> kColours{"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                                   "#56b4e9", "#d55e00", "#7a5195", "#8c8c8c"};
constexpr double kPixelsPerLetter = 6.7, kPixelsPerSmallLetter = 7;
constexpr double kOutageLine = 15;
/// Of the queue's axis at least: what is on its way is in the queue, and no cause for a full picture.
constexpr double kQueueTopMin = 10;
constexpr size_t kOutageLabelsMax = 4;
constexpr size_t kMessagesAStep = 20, kStepsMin = 60;
constexpr size_t kTitleColumns = 76;

/// One colour of the picture: a host, or all the rest of them.
struct Layer {
  std::string name;
  std::string_view colour;
  uint64_t messages = 0;
  std::vector<double> load;  ///< by slot, in the picture's unit
};

struct Unit {
  double per_s;
  std::string_view name;
};

/// Numbers that people read at ease: not 0.02 a second.
Unit unit_of(double most_per_s) {
  if (most_per_s >= 1) return {1, "second"};
  if (most_per_s >= 1.0 / 60) return {60, "minute"};
  return {3600, "hour"};
}

double at_x(Millis at, Millis end) {
  if (end.count() == 0) return kLeft;
  const double part = static_cast<double>(at.count()) / static_cast<double>(end.count());
  return kLeft + std::clamp(part, 0.0, 1.0) * (kWidth - kLeft - kRight);
}

std::string player_name(const Player& player) { return player.name.empty() ? player.label : player.name; }

/// Slots that are drawn as one: where few messages come, single ones would make a fence of the picture.
size_t slots_a_step(const rehearse::Summary& summary) {
  uint64_t messages = 0;
  for (const auto& host : summary.hosts) messages += host.messages;
  const size_t slots = summary.depth.size();
  const size_t most = std::max<size_t>(1, slots / kStepsMin);
  if (messages == 0) return most;
  return std::clamp<size_t>(kMessagesAStep * slots / messages, 1, most);
}

double most_of(const std::vector<Layer>& layers) {
  double out = 0;
  for (const Layer& layer : layers) {
    for (const double value : layer.load) out = std::max(out, value);
  }
  return out;
}

/// What each host took in each step, in messages a unit of time.
std::vector<Layer> layers_of(const Rehearsal& rehearsal, size_t step, Unit& unit) {
  const rehearse::Summary& summary = rehearsal.summary;
  const double slot_s = static_cast<double>(summary.slot.count()) / 1000;
  const size_t slots = summary.depth.size();
  std::vector<Layer> out;
  for (size_t n = 0; n < summary.hosts.size(); ++n) {
    const bool is_rest = n >= kColours.size() - 1 && summary.hosts.size() > kColours.size();
    if (!is_rest || out.size() < kColours.size()) {
      out.push_back({is_rest ? fmt::format("{} other hosts", summary.hosts.size() - n)
                             : player_name(rehearsal.players[n]),
                     kColours.at(out.size()), 0, std::vector<double>((slots + step - 1) / step)});
    }
    Layer& layer = out.back();
    layer.messages += summary.hosts[n].messages;
    for (size_t slot = 0; slot < summary.hosts[n].load.size(); ++slot) {
      const size_t first = slot / step * step;
      const auto width = static_cast<double>(std::min(step, slots - first));
      layer.load[slot / step] += static_cast<double>(summary.hosts[n].load[slot]) / (width * slot_s);
    }
  }
  unit = unit_of(most_of(out));
  for (Layer& layer : out) {
    for (double& value : layer.load) value *= unit.per_s;
  }
  return out;
}

/// The same trouble at the same time is one shade with one name.
struct Shade {
  std::string text;
  rehearse::Window window;
};

std::vector<Shade> shades_of(const Rehearsal& rehearsal) {
  std::vector<Shade> out;
  std::vector<std::string> whats;
  for (const Player& player : rehearsal.players) {
    for (const Outage& outage : player.outages) {
      if (outage.window.from >= rehearsal.summary.end) continue;
      size_t at = 0;
      while (at < out.size() && !(whats[at] == outage.what && out[at].window.from == outage.window.from &&
                                  out[at].window.to == outage.window.to))
        ++at;
      if (at == out.size()) {
        out.push_back({player.label, outage.window});
        whats.push_back(outage.what);
      } else {
        out[at].text += ", " + player.label;
      }
    }
  }
  for (size_t n = 0; n < out.size(); ++n) out[n].text += " " + whats[n];
  return out;
}

/// Their names stand above the panel, a line each, where nothing is drawn behind them.
void draw_shade_names(Svg& svg, const std::vector<Shade>& shades, Millis end, double panel_top) {
  const size_t shown = std::min(shades.size(), kOutageLabelsMax);
  for (size_t n = 0; n < shown; ++n) {
    const double from = at_x(shades[n].window.from, end);
    const double room = kWidth - kRight - from;
    const std::string text = n + 1 == shown && shades.size() > shown
                                 ? fmt::format("and {} more", shades.size() - shown + 1)
                                 : shortened(shades[n].text, 110);
    const bool fits = static_cast<double>(display_width(text)) * kPixelsPerSmallLetter < room;
    const double y = panel_top - 6 - kOutageLine * static_cast<double>(shown - 1 - n);
    svg.line(from, y - 9, from, panel_top, kOut, 1, "3 3");
    svg.text(fits ? from + 4 : kWidth - kRight, y, text,
             {.size = 11, .fill = kOut, .anchor = fits ? Anchor::start : Anchor::end, .bold = true});
  }
}

void draw_shades(Svg& svg, const std::vector<Shade>& shades, Millis end, double top, double height) {
  for (const Shade& shade : shades) {
    const double from = at_x(shade.window.from, end);
    const double to = std::max(from + 2, at_x(std::min(shade.window.to, end), end));
    svg.rect(from, top, to - from, height, kOut, 0.09);
    svg.line(from, top, from, top + height, kOut, 1, "3 3");
    if (shade.window.to < end) svg.line(to, top, to, top + height, kOut, 1, "3 3");
  }
}

void draw_y_axis(Svg& svg, double top, double height, const NiceScale& scale) {
  for (double value = 0; value <= scale.top * (1 + 1e-9); value += scale.step) {
    const double y = top + height - value / scale.top * height;
    svg.line(kLeft, y, kWidth - kRight, y, kGrid);
    svg.text(kLeft - 8, y + 4, short_number(value), {.size = 11, .fill = kGrey, .anchor = Anchor::end});
  }
}

void draw_x_axis(Svg& svg, double top, double bottom, Millis end) {
  for (const Millis tick : time_ticks(end)) {
    const double x = at_x(tick, end);
    svg.line(x, top, x, bottom, kGrid, 1, "2 3");
    svg.text(x, bottom + 16, tick.count() == 0 ? "0" : format_duration(tick),
             {.size = 11, .fill = kGrey, .anchor = Anchor::middle});
  }
  svg.text((kLeft + kWidth - kRight) / 2, bottom + 34, "time since the start",
           {.size = 12, .fill = kGrey, .anchor = Anchor::middle});
}

/// Steps, for what a slot holds was anywhere within it.
void add_step(Points& points, size_t from, size_t to, size_t slots, double y) {
  const double width = (kWidth - kLeft - kRight) / static_cast<double>(slots);
  points.emplace_back(kLeft + width * static_cast<double>(from), y);
  points.emplace_back(kLeft + width * static_cast<double>(std::min(to, slots)), y);
}

void draw_load(Svg& svg, const std::vector<Layer>& layers, size_t step, size_t slots, double top,
               double scale_top) {
  const size_t steps = (slots + step - 1) / step;
  std::vector<double> below(steps, 0);
  const auto y_of = [&](double value) {
    return top + kLoadHeight - std::min(value / scale_top, 1.0) * kLoadHeight;
  };
  for (const Layer& layer : layers) {
    Points upper, lower;
    for (size_t n = 0; n < steps; ++n) {
      add_step(lower, n * step, (n + 1) * step, slots, y_of(below[n]));
      below[n] += layer.load[n];
      add_step(upper, n * step, (n + 1) * step, slots, y_of(below[n]));
    }
    Points outline = upper;
    outline.insert(outline.end(), lower.rbegin(), lower.rend());
    svg.area(outline, layer.colour, 0.85);
  }
}

double draw_legend(Svg& svg, const std::vector<Layer>& layers, double y) {
  uint64_t all = 0;
  for (const Layer& layer : layers) all += layer.messages;
  double x = kLeft;
  for (const Layer& layer : layers) {
    const std::string text =
        fmt::format("{}: {:.0f}%", shortened(layer.name, 44),
                    all == 0 ? 0 : 100 * static_cast<double>(layer.messages) / static_cast<double>(all));
    const double width = 22 + kPixelsPerLetter * static_cast<double>(display_width(text)) + 18;
    if (x > kLeft && x + width > kWidth - kRight) {
      x = kLeft;
      y += 20;
    }
    svg.rect(x, y - 10, 14, 12, layer.colour, 0.85);
    svg.text(x + 20, y, text, {});
    x += width;
  }
  return y;
}

std::string fate_line(const rehearse::Summary& summary) {
  std::string out = fmt::format("{} of {} delivered", short_number(static_cast<double>(summary.delivered)),
                                short_number(static_cast<double>(summary.accepted)));
  if (summary.bounced > 0)
    out += fmt::format(", {} bounced", short_number(static_cast<double>(summary.bounced)));
  if (summary.expired > 0)
    out += fmt::format(", {} expired", short_number(static_cast<double>(summary.expired)));
  if (summary.discarded > 0)
    out += fmt::format(", {} discarded by a route", short_number(static_cast<double>(summary.discarded)));
  if (summary.waiting > 0)
    out += fmt::format(", {} still waiting", short_number(static_cast<double>(summary.waiting)));
  if (summary.delay_median)
    out += fmt::format("; half within {}, 99 of 100 within {}, the slowest after {}",
                       format_duration(*summary.delay_median), format_duration(*summary.delay_p99),
                       format_duration(*summary.delay_longest));
  return out;
}

std::vector<double> totals(const std::vector<Layer>& layers) {
  std::vector<double> out(1, 0);
  for (const Layer& layer : layers) {
    out.resize(std::max(out.size(), layer.load.size()));
    for (size_t n = 0; n < layer.load.size(); ++n) out[n] += layer.load[n];
  }
  return out;
}

std::string title_of(const Rehearsal& rehearsal) {
  if (!rehearsal.domains.empty() || rehearsal.expectations == 0)
    return shortened(fmt::format("Who takes the mail for {}", rehearsal.title), kTitleColumns);
  const std::string file = rehearsal.title.substr(rehearsal.title.rfind('/') + 1);
  return shortened(fmt::format("Scenario {}", file.substr(0, file.rfind(".scn"))), kTitleColumns);
}

void draw_queue(Svg& svg, const rehearse::Summary& summary, double top, double scale_top) {
  Points outline, edge;
  const size_t slots = summary.depth.size();
  outline.emplace_back(kLeft, top + kQueueHeight);
  for (size_t n = 0; n < slots; ++n) {
    const double y = top + kQueueHeight - static_cast<double>(summary.depth[n]) / scale_top * kQueueHeight;
    add_step(outline, n, n + 1, slots, y);
    add_step(edge, n, n + 1, slots, y);
  }
  outline.emplace_back(kWidth - kRight, top + kQueueHeight);
  svg.area(outline, "#f2c94c", 0.55);
  svg.curve(edge, kQueue, 1.4);
}
}  // namespace

std::string rehearsal_svg(const Rehearsal& rehearsal) {
  const rehearse::Summary& summary = rehearsal.summary;
  Unit unit{};
  const size_t step = slots_a_step(summary);
  const auto layers = layers_of(rehearsal, step, unit);
  const size_t slots = std::max<size_t>(1, summary.depth.size());
  const auto total = totals(layers);
  const double cut = top_of(total);
  const double most = *std::ranges::max_element(total);
  const NiceScale load_scale = nice_scale(cut * 1.05);
  const NiceScale queue_scale =
      nice_scale(std::max(kQueueTopMin, static_cast<double>(summary.deepest) * 1.05), 3);

  const std::string title = title_of(rehearsal);
  Svg body(kWidth, 0, title, fate_line(summary));  // measures how high the legend grows
  const double legend_end = draw_legend(body, layers, 84);
  const auto shades = shades_of(rehearsal);
  const double title_at = legend_end + 32;
  const double names = kOutageLine * static_cast<double>(std::min(shades.size(), kOutageLabelsMax));
  const double load_top = title_at + 10 + names, queue_top = load_top + kLoadHeight + kGap;
  const double bottom = queue_top + kQueueHeight, height = bottom + 50;

  Svg svg(kWidth, height, title, fate_line(summary));
  svg.text(kLeft, 32, title, {.size = 20, .bold = true});
  svg.text(kLeft, 54,
           rehearsal.load.empty() ? fate_line(summary) : rehearsal.load + ": " + fate_line(summary),
           {.size = 13, .fill = kGrey});
  (void)draw_legend(svg, layers, 84);
  svg.text(kLeft, title_at, fmt::format("Messages delivered, a {}", unit.name), {.size = 13, .bold = true});
  svg.text(kLeft, queue_top - 10, "Messages waiting in the queue", {.size = 13, .bold = true});
  draw_y_axis(svg, load_top, kLoadHeight, load_scale);
  draw_y_axis(svg, queue_top, kQueueHeight, queue_scale);
  draw_x_axis(svg, load_top, bottom, summary.end);
  draw_load(svg, layers, step, slots, load_top, load_scale.top);
  draw_queue(svg, summary, queue_top, queue_scale.top);
  draw_shades(svg, shades, summary.end, load_top, kLoadHeight);
  draw_shades(svg, shades, summary.end, queue_top, kQueueHeight);
  draw_shade_names(svg, shades, summary.end, load_top);
  if (most > load_scale.top)
    svg.text(kWidth - kRight, load_top - 10,
             fmt::format("peaks of up to {} are cut", short_number(std::round(most))),
             {.size = 11, .fill = kGrey, .anchor = Anchor::end});
  svg.line(kLeft, load_top + kLoadHeight, kWidth - kRight, load_top + kLoadHeight, kGrey);
  svg.line(kLeft, bottom, kWidth - kRight, bottom, kGrey);
  return std::move(svg).finish();
}

}  // namespace waybill::cli
