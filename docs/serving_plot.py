"""The plot of docs/performance.md as an SVG that stands alone."""

import numpy as np

from docs.serving import Figures, mid, ran
from training.reporting.charts import Chart, Drawing, Line, draw

_CASES = ("single_x1", "single_x8", "single_x64")
_COLOURS = ("#0b7285", "#c92a2a", "#5f3dc4", "#2b8a3e", "#e67700", "#1864ab", "#a61e4d", "#495057")
_LEGEND_STEP = 18


def plot(figures: Figures) -> str:
    """Return tiles/s against p99 with one tile a request on 1, 8 and 64 connections."""
    lines = []
    for one in ran(figures).values():
        x, y = (
            np.array([mid(one["turns"], case, key) for case in _CASES], dtype=float)
            for key in ("p99_ms", "tiles_per_s")
        )
        lines.append(Line(one["title"].replace("`", ""), x, y))
    chart = Chart("Throughput against latency", "p99 in ms", "tiles/s", lines, log_x=True)
    return _svg(draw(chart))


def _svg(drawing: Drawing) -> str:
    width, height = drawing.size
    start = height + 8
    tall = start + _LEGEND_STEP * ((len(drawing.curves) + 1) // 2)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {tall}" '
        'font-family="sans-serif" font-size="12" fill="#343a40">'
    )
    paper = f'<rect width="{width}" height="{tall}" fill="#ffffff"/>'
    title = f"<title>{drawing.chart.title}</title>"
    return "\n".join([head, title, paper, *_axes(drawing), *_curves(drawing, start), "</svg>", ""])


def _axes(drawing: Drawing) -> list[str]:
    left, top, right, bottom = drawing.box
    middle = (top + bottom) / 2
    parts = [f'<path d="M{left} {bottom}H{right}" stroke="#343a40"/>']
    for tick in drawing.y_ticks:
        parts.append(f'<path d="M{left} {tick.at:g}H{right}" stroke="#dee2e6"/>')
        parts.append(_text(left - 8, tick.at + 4, tick.text, "end"))
    for tick in drawing.x_ticks:
        parts.append(f'<path d="M{tick.at:g} {bottom}v4" stroke="#343a40"/>')
        parts.append(_text(tick.at, bottom + 18, tick.text))
    x_label = f"{drawing.chart.x_label} (logarithmic)"
    parts.append(_text((left + right) / 2, drawing.size[1] - 8, x_label))
    turned = f'<g transform="rotate(-90 14 {middle:g})">'
    parts.append(turned + _text(14, middle, drawing.chart.y_label) + "</g>")
    return parts


def _curves(drawing: Drawing, legend: int) -> list[str]:
    left = drawing.box[0]
    half = (drawing.size[0] - left) // 2
    parts = []
    for number, (line, path, _) in enumerate(drawing.curves):
        colour = _COLOURS[number % len(_COLOURS)]
        style = f'fill="none" stroke="{colour}" stroke-width="2"'
        parts.append(f'<polyline points="{path}" {style}/>')
        for point in path.split():
            x, y = point.split(",")
            parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>')
        row, column = divmod(number, 2)
        at, line_at = left + column * half, legend + row * _LEGEND_STEP
        parts.append(f'<rect x="{at}" y="{line_at}" width="12" height="4" fill="{colour}"/>')
        parts.append(_text(at + 18, line_at + 6, line.name, "start"))
    return parts


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{words}</text>'
