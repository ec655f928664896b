"""Where the variables of a model stand in a picture of stocks and flows.

Beside every stage.  In: nothing.  Out: the records that a picture is described by, and that
``xmile_view`` and ``sketch`` write in the form of each dialect.  Nothing here chooses a place.

Lengths are points (1/72 inch); x grows to the right and y downwards, as on a screen.  No number
may be negative where a file is to open in every program: a corner of the page is (0, 0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from loopscope.models.errors import ModelError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loopscope.models.model import Model

Kind = Literal["stock", "flow", "auxiliary", "cloud", "alias"]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one element stands.

    Attributes
    ----------
    name
        Of the variable; of a cloud or an alias a name that nothing else in the view has.
    x, y
        Centre of a stock's box, of a cloud, of a flow's valve; of the name of all else.
    width, height
        Of the box; 0 where the form's own size will do.
    of
        Variable that an alias stands for.
    """

    name: str
    kind: Kind
    x: float
    y: float
    width: float = 0.0
    height: float = 0.0
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """An arrow by which one element acts on another.

    Attributes
    ----------
    cause, effect
        Names of places.
    angle
        Direction in which it leaves its cause, in degrees, 0 to the right and 90 upwards, as in
        XMILE; None for a straight line.
    """

    cause: str
    effect: str
    angle: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """What a flow runs through.

    Attributes
    ----------
    flow
        Name of the flow, whose valve stands on the pipe.
    source, target
        Names of the stock or cloud at each end.
    points
        From source to target; the ends lie on the border of what stands there.
    """

    flow: str
    source: str
    target: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture of a model, or of a part of it.

    Raises
    ------
    ModelError
        Two places of one name; a connector or pipe that ends where nothing stands, or at something
        that cannot be there; an alias of nothing; a number that is not finite.
    """

    places: tuple[Place, ...]
    connectors: tuple[Connector, ...] = ()
    pipes: tuple[Pipe, ...] = ()
    name: str = "View 1"

    def __post_init__(self) -> None:
        places: dict[str, Place] = {}
        for place in self.places:
            if place.name in places:
                msg = f"view '{self.name}': two places are named '{place.name}'"
                raise ModelError(msg)
            places[place.name] = place
            numbers = (place.x, place.y, place.width, place.height)
            if not all(map(math.isfinite, numbers)):
                msg = f"view '{self.name}': '{place.name}' must stand at finite numbers"
                raise ModelError(msg)
            if (place.kind == "alias") != bool(place.of):
                msg = f"view '{self.name}': '{place.name}': an alias, and nothing else, has 'of'"
                raise ModelError(msg)
        for connector in self.connectors:
            for name in (connector.cause, connector.effect):
                self._find(places, name, f"'{connector.cause}' -> '{connector.effect}'")
            if connector.angle is not None and not math.isfinite(connector.angle):
                msg = f"view '{self.name}': the angle of '{connector.cause}' is not finite"
                raise ModelError(msg)
        for pipe in self.pipes:
            self._check_pipe(places, pipe)

    def _find(self, places: Mapping[str, Place], name: str, what: str) -> Place:
        if name not in places:
            msg = f"view '{self.name}', {what}: nothing stands at '{name}'"
            raise ModelError(msg + did_you_mean(name, places))
        return places[name]

    def _check_pipe(self, places: Mapping[str, Place], pipe: Pipe) -> None:
        what = f"pipe of '{pipe.flow}'"
        if self._find(places, pipe.flow, what).kind != "flow":
            msg = f"view '{self.name}', {what}: '{pipe.flow}' is placed, but not as a flow"
            raise ModelError(msg)
        for name in (pipe.source, pipe.target):
            if self._find(places, name, what).kind not in {"stock", "cloud"}:
                msg = f"view '{self.name}', {what}: ends at '{name}', no stock and no cloud"
                raise ModelError(msg)
        if len(pipe.points) < 2 or not all(math.isfinite(n) for p in pipe.points for n in p):
            msg = f"view '{self.name}', {what}: needs two finite points or more"
            raise ModelError(msg)


def fitting(view: View, model: Model) -> View:
    """Return a view of what the model has.

    A valve that is no variable goes, with its pipe and its clouds; arrows to it end at what the
    pipe filled or drained.
    """
    known = model.variables
    gone = {
        place.name
        for place in view.places
        if place.kind != "cloud" and (place.of or place.name) not in known
    }
    if not gone:
        return view
    stocks: dict[str, list[str]] = {name: [] for name in gone}
    pipes = [pipe for pipe in view.pipes if pipe.flow not in gone]
    ends = {name for pipe in pipes for name in (pipe.source, pipe.target)}
    places = {place.name: place for place in view.places}
    for pipe in view.pipes:
        if pipe.flow in gone:
            for name in (pipe.source, pipe.target):
                if places[name].kind == "cloud":
                    gone |= set() if name in ends else {name}
                else:
                    stocks[pipe.flow].append(name)
    arrows: dict[tuple[str, str], Connector] = {}
    for connector in view.connectors:
        for effect in stocks.get(connector.effect, [connector.effect]):
            if connector.cause not in gone and effect not in gone and connector.cause != effect:
                whole = effect == connector.effect
                arrow = connector if whole else Connector(cause=connector.cause, effect=effect)
                arrows.setdefault((arrow.cause, arrow.effect), arrow)
    return replace(
        view,
        places=tuple(place for place in view.places if place.name not in gone),
        connectors=tuple(arrows.values()),
        pipes=tuple(pipes),
    )
