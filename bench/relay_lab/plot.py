"""plot.py: line plots as SVG, one figure of panels that share their x axis. No library: what a bench draws must not
need more than the bench.
"""
import dataclasses
import math
from xml.sax.saxutils import escape

WIDTH, LEFT, RIGHT = 760, 78, 24
PANEL, GAP, TOP, BOTTOM = 170, 46, 92, 90
DASH = "stroke-dasharray='5 4'"
FONT = "font-family='Helvetica,Arial,sans-serif'"
GREY, GRID, INK = "#5f6368", "#e3e5e8", "#202124"


@dataclasses.dataclass
class Series:
    name: str
    colour: str
    points: list  # (x, y); a y of None leaves a gap
    dashed: bool = False


@dataclasses.dataclass
class Panel:
    title: str
    series: list
    log: bool = False
    unit: str = ""


@dataclasses.dataclass
class Figure:
    title: str
    subtitle: str
    x_title: str
    panels: list
    x_log: bool = True
    x_unit: str = ""
    footer: str = ""


def number(value, unit=""):
    """1234567 as 1.2M: as short as a tick may be."""
    if unit == "ms":
        if value >= 1000:
            return f"{value / 1000:g} s"
        return f"{value:g} ms"
    if unit == "octets":
        for step, name in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
            if value >= step:
                return f"{value / step:g} {name}"
        return f"{value:g} B"
    for step, name in ((1e6, "M"), (1e3, "k")):
        if value >= step:
            return f"{value / step:g}{name}"
    return f"{value:g}"


class Scale:
    """From values to pixels, and its ticks."""

    def __init__(self, values, log, begin, end, ticks=None):
        self.log, self.begin, self.end = log, begin, end
        if log:
            self.low = min(values) if ticks else 10 ** math.floor(math.log10(min(values)))
            self.high = max(values) if ticks else 10 ** math.ceil(math.log10(max(values)) + 1e-9)
            decades = range(int(math.log10(self.low)), int(math.log10(self.high)) + 1) if not ticks else []
            self.ticks = ticks or [10.0 ** n for n in decades]
        else:
            self.low, step = 0, nice_step(max(values))
            self.high = step * math.ceil(max(values) / step + 1e-9)
            self.ticks = [step * n for n in range(int(self.high / step + 0.5) + 1)]

    def at(self, value):
        if self.log:
            part = (math.log10(value) - math.log10(self.low)) / ((math.log10(self.high) - math.log10(self.low)) or 1)
        else:
            part = (value - self.low) / (self.high - self.low)
        return self.begin + part * (self.end - self.begin)


def nice_step(high, steps=5):
    rough = high / steps
    power = 10 ** math.floor(math.log10(rough))
    return next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= rough - 1e-12)


def text(x, y, words, size=12, colour=INK, anchor="start", more=""):
    return f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{colour}' text-anchor='{anchor}' {FONT} {more}>{escape(words)}</text>"


def line(x1, y1, x2, y2, colour=GRID, more=""):
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' {more}/>"


def legend(panels):
    """Each name once with its colour, then what whole and dashed lines mean, if there are both."""
    all_series = [series for panel in panels for series in panel.series]
    keys = {series.name: (series.colour, "") for series in all_series if not series.dashed}
    if any(series.dashed for series in all_series):
        keys |= {"half of the messages take at most this (p50)": (GREY, ""), "99 of 100 do (p99)": (GREY, DASH)}
    out, x = [], LEFT
    for name, (colour, dash) in keys.items():
        out += [line(x, 66, x + 26, 66, colour, f"stroke-width='2.4' {dash}"), text(x + 32, 70, name)]
        x += 32 + 6.2 * len(name) + 16
    return out


def draw_series(series, x_scale, y_scale):
    out, run = [], []
    for x, y in [*series.points, (None, None)]:
        if y is not None:
            run.append((x_scale.at(x), y_scale.at(y)))
            continue
        if len(run) > 1:
            path = " ".join(f"{'ML'[n > 0]}{px:.1f},{py:.1f}" for n, (px, py) in enumerate(run))
            dash = DASH if series.dashed else ""
            out.append(f"<path d='{path}' fill='none' stroke='{series.colour}' stroke-width='2.2' stroke-linejoin='round' {dash}/>")
        fill = "#ffffff" if series.dashed else series.colour
        out += [f"<circle cx='{px:.1f}' cy='{py:.1f}' r='3' fill='{fill}' stroke='{series.colour}' stroke-width='1.4'/>" for px, py in run]
        run = []
    return out


def draw(figure):
    """The figure as the text of an SVG file."""
    height = TOP + len(figure.panels) * (PANEL + GAP) - GAP + BOTTOM
    xs = sorted({x for panel in figure.panels for series in panel.series for x, _ in series.points})
    x_scale = Scale(xs, figure.x_log, LEFT + 12, WIDTH - RIGHT - 12, xs if figure.x_log else None)
    out = [f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}' role='img'>",
           f"<title>{escape(figure.title)}</title><rect width='{WIDTH}' height='{height}' fill='#ffffff'/>",
           text(LEFT, 26, figure.title, 17, more="font-weight='600'"), text(LEFT, 46, figure.subtitle, 12, GREY), *legend(figure.panels)]
    for place, panel in enumerate(figure.panels):
        top = TOP + 12 + place * (PANEL + GAP)
        bottom = top + PANEL
        ys = [y for series in panel.series for _, y in series.points if y is not None]
        y_scale = Scale(ys, panel.log, bottom, top)
        out.append(text(LEFT, top - 10, panel.title, 12.5, INK, more="font-weight='600'"))
        for tick in y_scale.ticks:
            y = y_scale.at(tick)
            out += [line(LEFT, y, WIDTH - RIGHT, y), text(LEFT - 8, y + 4, number(tick, panel.unit), 11, GREY, "end")]
        last = -1e9
        for tick in x_scale.ticks:
            x = x_scale.at(tick)
            out.append(line(x, top, x, bottom, GRID, "stroke-dasharray='2 3'"))
            words = number(tick, figure.x_unit)
            if place == len(figure.panels) - 1 and x - last > 7 * len(words) + 8:
                out.append(text(x, bottom + 18, words, 11, GREY, "middle"))
                last = x
        out.append(line(LEFT, bottom, WIDTH - RIGHT, bottom, GREY))
        for series in panel.series:
            out += draw_series(series, x_scale, y_scale)
    out.append(text((LEFT + WIDTH - RIGHT) / 2, height - 38, figure.x_title, 12.5, INK, "middle"))
    out.append(text(LEFT, height - 12, figure.footer, 10.5, GREY))
    return "\n".join(out) + "\n</svg>\n"
