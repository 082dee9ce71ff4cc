"""Charts as plain SVG, made here: stacked columns, one a date, with their scale. No script draws them.

Places are in units of the drawing (``WIDTH`` × ``HEIGHT``); amounts are fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.money import format_fen

WIDTH, HEIGHT = 900, 220
LEFT, RIGHT, TOP, BOTTOM = 92, 8, 10, 24
COLOURS = ("#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#edc948", "#b07aa1", "#9c755f", "#bab0ac")
WIDEST = 56
"""A column is no wider, however few there are."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a column; ``title`` is what it says under the mouse."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A line of the scale, or the name of a column."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The drawing: bars, the lines of the scale, names below, and what the colours mean."""

    title: str
    bars: list[Bar]
    scale: list[Mark]
    names: list[Mark]
    legend: list[tuple[str, str]]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    bottom: float = HEIGHT - BOTTOM


def stacked(title: str, columns: Sequence[tuple[str, Mapping[str, int]]], parts: Mapping[str, str]) -> Chart | None:
    """One column a name, made of the ``parts`` (key → what it is called); None where all is zero.

    What is below zero hangs under the line of zero.
    """
    shown = {key: name for key, name in parts.items() if any(values.get(key) for _name, values in columns)}
    if not shown:
        return None
    most = max(sum(fen for fen in values.values() if fen > 0) for _name, values in columns)
    least = min(sum(fen for fen in values.values() if fen < 0) for _name, values in columns)
    step = _step(most - least)
    low, high = min(least // step, 0) * step, -(-most // step) * step
    unit = (HEIGHT - TOP - BOTTOM) / (high - low or 1)
    colours = {key: COLOURS[place % len(COLOURS)] for place, key in enumerate(parts)}
    room = (WIDTH - LEFT - RIGHT) / len(columns)
    wide = min(room * 0.7, WIDEST)
    every = -(-len(columns) // 16)
    bars, names = [], []
    for place, (name, values) in enumerate(columns):
        middle = LEFT + room * (place + 0.5)
        up = down = 0
        for key in shown:
            fen = values.get(key) or 0
            if not fen:
                continue
            start = up if fen > 0 else down + fen
            up, down = (up + fen, down) if fen > 0 else (up, down + fen)
            bars.append(
                Bar(
                    round(middle - wide / 2, 1), round(TOP + (high - start - abs(fen)) * unit, 1), round(wide, 1),
                    round(abs(fen) * unit, 1), colours[key], f"{name} {shown[key]} {format_fen(fen)}",
                )
            )  # fmt: skip
        if place % every == 0:
            names.append(Mark(round(middle, 1), name))
    lines = range(low, high + 1, step)
    return Chart(
        title=title,
        bars=bars,
        scale=[Mark(round(TOP + (high - fen) * unit, 1), format_fen(fen)) for fen in lines],
        names=names,
        legend=[(colours[key], name) for key, name in shown.items()],
    )


def _step(span: int) -> int:
    """A round distance (1, 2 or 5 times a power of ten) that gives three to six lines."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if span <= step * factor * 5:
                return step * factor
        step *= 10
