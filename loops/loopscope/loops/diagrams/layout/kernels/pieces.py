"""Pieces on a table and straight links between them: what they cost, and how they move.

Stage 2 of 5, compiled.  In: arrays, and random numbers drawn outside.  Out: places and turns of the
pieces, changed in place.

A *piece* is a network of stocks, or an auxiliary: what moves as one.  A move picks the least of
cost - 0.6 T x Gumbel noise among its candidates, as in the search of the layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from loopscope.loops.finding.kernels import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Integers = NDArray[np.int64]

OVERLAP, CROSSING, THROUGH, CENTRING = 12.0, 1.0, 0.8, 1.0
"""Costs: of pieces that overlap, of links that cross, of one through a box, of being far out."""

UNIT, NEAR = 260.0, 60.0
"""Length of a link that costs as much as a crossing, beyond the length that costs nothing."""


class Table(NamedTuple):
    """Pieces and links; coordinates are about the middle of their piece."""

    at: Numbers  # (piece, 2)
    turn: Numbers  # (piece, 2): -1 for an axis that is reversed
    half: Numbers  # (piece, 2): half the size, with room about it
    whose: Integers  # (link, 2): pieces at its ends
    ends: Numbers  # (link, 4): where there
    leg_of: Integers
    legs: Numbers  # (leg, 4): pipes as segments
    box_of: Integers
    boxes: Numbers  # (box, 4): centre and halves


@compiled
def crosses(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float
) -> bool:
    """Return whether two segments cross; those that share an end do not."""
    one = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    other = (bx - ax) * (dy - ay) - (by - ay) * (dx - ax)
    if one * other >= -1e-6:
        return False
    one = (dx - cx) * (ay - cy) - (dy - cy) * (ax - cx)
    other = (dx - cx) * (by - cy) - (dy - cy) * (bx - cx)
    return bool(one * other < -1e-6)


@compiled
def runs_through(
    ax: float, ay: float, bx: float, by: float, x: float, y: float, wide: float, high: float
) -> bool:
    """Return whether a segment runs through a box that neither of its ends is in."""
    wide, high = wide + 2.0, high + 2.0
    if abs(ax - x) <= wide and abs(ay - y) <= high:
        return False
    if abs(bx - x) <= wide and abs(by - y) <= high:
        return False
    first, last = 0.0, 1.0
    for axis in range(2):
        begin = ax - x if axis == 0 else ay - y
        step = bx - ax if axis == 0 else by - ay
        half = wide if axis == 0 else high
        if abs(step) < 1e-9:
            if abs(begin) > half:
                return False
        else:
            one, other = (-half - begin) / step, (half - begin) / step
            first, last = max(first, min(one, other)), min(last, max(one, other))
    return bool(first < last)


@compiled
def segments(table: Table, found: Numbers) -> None:
    """Write the links as segments, dims (link, 4)."""
    for e in range(len(found)):
        for k in range(2):
            n = table.whose[e, k]
            for axis in range(2):
                local = table.ends[e, 2 * k + axis]
                found[e, 2 * k + axis] = table.at[n, axis] + table.turn[n, axis] * local


@compiled
def cost_of(n: int, table: Table, links: Numbers) -> float:
    """Return the cost of what one piece takes part in."""
    segments(table, links)
    x, y = table.at[n]
    total = CENTRING * (x * x / 1.5 + 1.5 * y * y) / (4.0 * UNIT * UNIT)
    for w in range(len(table.at)):
        if w != n:
            a = table.half[n, 0] + table.half[w, 0] - abs(x - table.at[w, 0])
            b = table.half[n, 1] + table.half[w, 1] - abs(y - table.at[w, 1])
            if a > 0.0 and b > 0.0:
                total += OVERLAP * (0.3 + min(a, 120.0) * min(b, 120.0) / 3600.0)
    for e in range(len(links)):
        mine = table.whose[e, 0] == n or table.whose[e, 1] == n
        ax, ay, bx, by = links[e]
        if mine:
            total += max(0.0, np.hypot(bx - ax, by - ay) - NEAR) / UNIT
            for f in range(len(links)):
                other = table.whose[f, 0] == n or table.whose[f, 1] == n
                cx, cy, dx, dy = links[f]
                once = f != e and (not other or f < e)
                if once and crosses(ax, ay, bx, by, cx, cy, dx, dy):
                    total += CROSSING
        for k in range(len(table.legs)):
            w = table.leg_of[k]
            if not mine and w != n:
                continue
            px, py, sx, sy = table.at[w, 0], table.at[w, 1], table.turn[w, 0], table.turn[w, 1]
            cx, cy = px + sx * table.legs[k, 0], py + sy * table.legs[k, 1]
            dx, dy = px + sx * table.legs[k, 2], py + sy * table.legs[k, 3]
            if crosses(ax, ay, bx, by, cx, cy, dx, dy):
                total += CROSSING
        for k in range(len(table.boxes)):
            w = table.box_of[k]
            if not mine and w != n:
                continue
            cx = table.at[w, 0] + table.turn[w, 0] * table.boxes[k, 0]
            cy = table.at[w, 1] + table.turn[w, 1] * table.boxes[k, 1]
            if runs_through(ax, ay, bx, by, cx, cy, table.boxes[k, 2], table.boxes[k, 3]):
                total += THROUGH
    return float(total)


@compiled
def middle_of_linked(n: int, table: Table) -> tuple[float, float]:
    """Return where a piece would stand amid what it is linked with; its own place without links."""
    x, y, count = 0.0, 0.0, 0
    for e in range(len(table.whose)):
        a, b = table.whose[e]
        if (a == n) == (b == n):
            continue
        k = 0 if a == n else 1
        w = b if a == n else a
        far = 2 * (1 - k)
        x += table.at[w, 0] + table.turn[w, 0] * table.ends[e, far]
        y += table.at[w, 1] + table.turn[w, 1] * table.ends[e, far + 1]
        x -= table.turn[n, 0] * table.ends[e, 2 * k]
        y -= table.turn[n, 1] * table.ends[e, 2 * k + 1]
        count += 1
    if count == 0:
        return table.at[n, 0], table.at[n, 1]
    return x / count, y / count


@compiled
def move_pieces(
    table: Table, order: Integers, turns: Numbers, normal: Numbers, gumbel: Numbers, heat: float,
    reach: float,
) -> None:  # fmt: skip
    """Move each piece once, to the best of its candidates, or turn it over.

    Parameters
    ----------
    turns
        Whether a piece may be reversed, dims (piece, 2): 1 where an axis may, 0 where not.
    normal, gumbel
        Random numbers, dims (piece, candidate, 2) and (piece, candidate + 4).
    """
    links = np.empty((len(table.whose), 4))
    for n in order:
        x, y = table.at[n, 0], table.at[n, 1]
        sx, sy = table.turn[n, 0], table.turn[n, 1]
        best, best_x, best_y, best_sx, best_sy = np.inf, x, y, sx, sy
        for k in range(normal.shape[1] + 4):
            new_x, new_y, new_sx, new_sy = x, y, sx, sy
            if k == 1:
                new_x, new_y = middle_of_linked(n, table)
            elif k in (2, 3):
                if turns[n, k - 2] == 0.0:
                    continue
                if k == 2:
                    new_sx = -sx
                else:
                    new_sy = -sy
            elif k > 3:
                new_x = x + reach * normal[n, k - 4, 0]
                new_y = y + reach * normal[n, k - 4, 1]
            table.at[n, 0], table.at[n, 1] = new_x, new_y
            table.turn[n, 0], table.turn[n, 1] = new_sx, new_sy
            cost = cost_of(n, table, links) - 0.6 * heat * gumbel[n, k]
            table.at[n, 0], table.at[n, 1] = x, y
            table.turn[n, 0], table.turn[n, 1] = sx, sy
            if cost < best:
                best, best_x, best_y, best_sx, best_sy = cost, new_x, new_y, new_sx, new_sy
        table.at[n, 0], table.at[n, 1] = best_x, best_y
        table.turn[n, 0], table.turn[n, 1] = best_sx, best_sy


@compiled
def whole_cost(table: Table) -> float:
    """Return the sum of the costs of all pieces: what lies between two counts twice."""
    links = np.empty((len(table.whose), 4))
    total = 0.0
    for n in range(len(table.at)):
        total += cost_of(n, table, links)
    return float(total)


@compiled
def clashes(
    mine: Numbers, kinds: Integers, owner: Integers, ways: int, theirs: Numbers,
    their_kinds: Integers, margin: Numbers, costs: Numbers, crossing: float,
) -> Numbers:  # fmt: skip
    """Return what each way of a flow costs amid the rectangles of others.

    Parameters
    ----------
    mine, theirs
        Rectangles: centre and halves, dims (rectangle, 4).
    owner
        Way that each of ``mine`` is part of.
    margin, costs
        By kind and kind: room between two, and what it costs to come closer.  Kind 4 is a pipe.
    crossing
        Cost of two pipes across each other.
    """
    found = np.zeros(ways)
    for i in range(len(mine)):
        x, y, wide, high = mine[i]
        for j in range(len(theirs)):
            room = margin[kinds[i], their_kinds[j]]
            cost = costs[kinds[i], their_kinds[j]]
            across = (wide > high) != (theirs[j, 2] > theirs[j, 3])
            if across and kinds[i] == 4 and their_kinds[j] == 4:
                room, cost = -1.0, crossing
            if abs(x - theirs[j, 0]) >= wide + theirs[j, 2] + room - 1e-9:
                continue
            if abs(y - theirs[j, 1]) >= high + theirs[j, 3] + room - 1e-9:
                continue
            found[owner[i]] += cost
    return found


@compiled
def own_clashes(
    mine: Numbers, kinds: Integers, owner: Integers, ways: int, margin: Numbers, costs: Numbers
) -> Numbers:
    """Return what each way of a flow costs amid itself; rectangles of one way stand together."""
    found = np.zeros(ways)
    for i in range(len(mine)):
        for j in range(i + 1, len(mine)):
            if owner[j] != owner[i]:
                break
            room, cost = margin[kinds[i], kinds[j]], costs[kinds[i], kinds[j]]
            if (
                abs(mine[i, 0] - mine[j, 0]) < mine[i, 2] + mine[j, 2] + room - 1e-9
                and abs(mine[i, 1] - mine[j, 1]) < mine[i, 3] + mine[j, 3] + room - 1e-9
            ):
                found[owner[i]] += cost
    return found
