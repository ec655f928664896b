"""``loops.diagram``: what it shows and says, sizes, layouts, claims, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from loopscope import loops, models
from loopscope.loops.diagrams.choosing import picking, sketching
from loopscope.loops.diagrams.choosing.captions import NOT_DRAWN
from loopscope.loops.diagrams.choosing.footnotes import MOST as MOST_CLAIMS
from loopscope.loops.diagrams.choosing.sizing import FORCED, MOST, refuse_large
from loopscope.loops.diagrams.diagram import Style
from loopscope.loops.diagrams.records import Layout
from loopscope.models.errors import LoopError

CLAIMED = """
[[loop]]
id = "R1"
name = "contagion"
path = ["I", "infection"]
polarity = "R"
claims = ["C1", "C9"]
"""
CLAIMS = """
[[claim]]
id = "C1"
says = "The ill infect others."
links = [{ path = ["I", "infection"] }, { path = ["infection", "I"] }]
status = "modelled"
"""


def bare(scored, *args, **options):
    return loops.diagram(scored.found, *args, level="bare", **options)


@pytest.fixture(scope="module")
def ring_of(graph_of):
    """Find the loops of a chain of loops of two variables, each new one with one more."""

    def made(count):
        pairs = [(f"v{k}", f"v{k + 1}") for k in range(count - 1)]
        return loops.find(graph_of([*pairs, *((b, a) for a, b in pairs)]))

    return made


def test_it_is_offered_by_the_room():
    assert "diagram" in dir(loops)
    assert callable(loops.diagram)


def test_words_without_scores(sick):
    caption = bare(sick).caption
    assert caption.title == "Sir"
    assert caption.subtitle == "All loops"
    assert (caption.explained, caption.at, caption.method) == (None, None, "")
    assert caption.loops_left == 0
    assert caption.left_out == ("R",)


def test_words_with_scores_say_the_share_the_time_and_what_is_left(sick):
    shown = bare(sick, sick.scores, 24.1, show="top:2", title="Flu", subtitle="")
    part = sum(abs(loop.score) for loop in shown.sketch.loops)
    caption = shown.caption
    assert caption.explained == pytest.approx(part)
    assert (caption.at, caption.method, caption.title) == (24.0, "Loops That Matter", "Flu")
    assert caption.loops_left == 1
    assert f"at 24: the 2 strongest loops, {part:.0%} of the change" in caption.subtitle.lower()
    told = " ".join(caption.notes)
    assert "1 other loop is not shown" in told
    assert "Loops of the model: all 3 loops." in told
    assert "the saved time nearest to 24.1" in told


def test_a_scenario_is_named(sick):
    named = sick.scores.assign_attrs(scenario="lockdown")
    caption = bare(sick, named, 24.0).caption
    assert caption.scenario == "lockdown"
    assert caption.subtitle.startswith("Scenario 'lockdown', at 24: ")


def test_scores_know_the_scenario_of_their_run():
    model = models.load(Path(__file__).parents[4] / "docs" / "examples" / "epidemic.mdl")
    run = models.simulate(model, "heedless", stop=10.0)
    scores = loops.score(loops.find(model), run)
    assert scores.attrs["scenario"] == "heedless"


def test_shares_by_other_methods_are_no_shares_of_the_change(sir, score):
    impact = score(sir, method="impact")
    caption = bare(impact, impact.scores, 24.0).caption
    assert caption.subtitle == "At 24: all loops, 100% of all scores by average loop impact"
    assert any("there are no link scores" in note for note in caption.notes)


def test_flows_have_room_for_valves(sick):
    plain, valves = (
        {node.name: node.width for node in bare(sick, style=style).sketch.nodes}
        for style in (Style(), Style(valves=True))
    )
    assert {name for name in plain if valves[name] > plain[name]} == {"infection", "recovering"}


def test_loops_of_several_partitions_are_said_not_to_compare(parts):
    caption = bare(parts, parts.scores).caption
    assert any("scores never compare" in note for note in caption.notes)
    part = parts.scores["partition"].values
    assert caption.explained == pytest.approx(1.0)
    assert len(set(part.tolist())) == 2


def test_loops_that_cannot_be_drawn_are_named(plant):
    (note,) = [one for one in bare(plant).caption.notes if one.startswith(NOT_DRAWN)]
    assert note.count("(seen)") == 3


def test_no_score_at_rest_is_said(read, score):
    still = score(read("a=INTEG(b-a, 1)\nb=INTEG(a-b, 1)"))
    shown = bare(still, still.scores, 2.0)
    assert any("nothing moves" in note for note in shown.caption.notes)
    assert shown.caption.explained is None


def test_claims_stand_at_loops_and_links(tmp_path, sir, score):
    path = tmp_path / "flu.mdl"
    path.write_bytes(Path(sir.path).read_bytes())
    (tmp_path / "flu.loops.toml").write_text(CLAIMED)
    (tmp_path / "flu.claims.toml").write_text(CLAIMS)
    flu = score(models.load(path), view=None)
    shown = bare(flu)
    assert shown.caption.footnotes == (("a", "C1: The ill infect others."), ("b", "C9"))
    (loop,) = [one for one in shown.sketch.loops if one.id == "R1"]
    assert (loop.name, loop.notes) == ("contagion", ("a", "b"))
    noted = {link.pair for link in shown.sketch.links if link.notes == ("a",)}
    assert noted == {("I", "infection"), ("infection", "I")}
    assert bare(flu, claims=False).caption.footnotes == ()
    many = ", ".join(f'"C{n}"' for n in range(MOST_CLAIMS + 1))
    (tmp_path / "flu.loops.toml").write_text(CLAIMED.replace('"C1", "C9"', many))
    caption = bare(score(models.load(path), view=None)).caption
    assert caption.footnotes == ()
    assert any(note.startswith("Claims that loops rest on: R1: C0, C1") for note in caption.notes)


def test_a_loop_without_a_name_is_called_after_its_own_variable(sick):
    names = {loop.id: loop.name for loop in bare(sick).sketch.loops}
    assert names["B1"] == "via recovering"
    assert names["B2"] == "via S"


def test_a_layout_that_is_given_is_kept(sick):
    places = {"S": (0.0, 0.0), "infection": (150.0, 0.0), "I": (300.0, 0.0)}
    places["recovering"] = (450.0, 0.0)
    given = Layout(places, {link.pair: 0.2 for link in bare(sick).sketch.links})
    drawn = loops.diagram(sick.found, sick.scores, 5.0, layout=given, pinned=list(places))
    assert drawn.layout.places == places
    again = loops.diagram(sick.found, layout=drawn, pinned=list(places))
    assert again.layout == drawn.layout


def test_a_kept_layout_is_used_when_it_has_nearly_the_same_variables(tmp_path, sir, score):
    path = tmp_path / "flu.mdl"
    path.write_bytes(Path(sir.path).read_bytes())
    names = ("S", "infection", "I", "recovering")
    data = {
        "places": {name: [150.0 * n, 40.0 * (n % 2)] for n, name in enumerate(names)},
        "bulges": [[*link.pair, 0.2] for link in bare(score(sir)).sketch.links],
    }
    (tmp_path / "flu.layout.json").write_text(json.dumps(data))
    flu = score(models.load(path))
    drawn = loops.diagram(flu.found)
    assert drawn.layout.places["recovering"] == (450.0, 40.0)


def test_two_thousand_variables_are_refused_or_cut_at_once(ring_of):
    found = ring_of(2000)
    for asked in ({"show": "all"}, {"show": "loops"}, {"show": "loops", "force": True}):
        with pytest.raises(LoopError, match=r"2,000 variables, more than .* show='top:8'.*graphml"):
            loops.diagram(found, **asked)
    sketch, caption = sketching.sketched(found, room=MOST)
    assert len(sketch.nodes) <= MOST
    assert any("found no room" in note for note in caption.notes)


def test_a_large_diagram_can_be_forced_but_not_a_larger_one(ring_of):
    refuse_large(MOST)
    refuse_large(FORCED, force=True)
    with pytest.raises(LoopError, match=f"even a draft can show \\({FORCED}\\)"):
        refuse_large(FORCED + 1, force=True)
    with pytest.raises(LoopError, match="force=True"):
        loops.diagram(ring_of(MOST + 20), show="loops")
    shown = loops.diagram(ring_of(300), show="loops", level="bare")
    assert len(shown.sketch.nodes) == 300
    assert len(shown.laid.badges) == 299


def test_as_many_loops_as_fit_are_shown_where_nobody_chose(ring_of, monkeypatch):
    monkeypatch.setattr(picking, "FEW", 200)
    found = ring_of(60)
    sketch, _ = sketching.sketched(found, room=20)
    count = len(sketch.loops)
    assert len(sketch.nodes) <= 20
    more, _ = sketching.sketched(found, show=found.ids[: count + 1])
    assert len(more.nodes) > 20


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"at": 3.0}, "at= needs scores"),
        ({"show": ["X1"]}, "no loop 'X1'"),
        ({"around": "sick"}, "no variable named 'sick'"),
        ({"kind": "cdl"}, "no kind of diagram named 'cdl'; did you mean 'cld'"),
        ({"context": 2}, "context= is 0 or 1"),
        ({"level": "bets"}, "no level named 'bets'; did you mean 'best'"),
        ({"layout": "nowhere.json"}, "nowhere.json"),
    ],
)
def test_mistakes_are_refused_in_one_line(sick, asked, words):
    with pytest.raises(LoopError, match=words) as caught:
        loops.diagram(sick.found, **asked)
    assert "\n" not in str(caught.value)


def test_a_model_without_loops(read):
    still = loops.find(read("x=INTEG(flow, 0)\nflow=2*Time", name="still"), view="full")
    with pytest.raises(LoopError, match="no feedback loop, so there is no loop to draw"):
        loops.diagram(still)
    shown = loops.diagram(still, show="all", level="bare")
    assert {node.name for node in shown.sketch.nodes} == {"x", "flow"}
    assert shown.caption.subtitle == "All variables, without loops"


def test_an_overview_has_a_box_a_group_and_names_all_members(sick):
    drawn = loops.diagram(sick.found, kind="overview", show="all", level="draft")
    shown = {node.name for node in drawn.sketch.nodes}
    assert 1 < len(shown) < 7
    notes = "\n".join(drawn.caption.notes)
    whole = loops.diagram(sick.found, show="all", level="bare")
    for node in whole.sketch.nodes:
        assert node.name in notes
    assert {name for link in drawn.sketch.links for name in link.pair} <= shown


def test_the_most_central_variables_are_shown_and_the_others_named(sick):
    drawn = loops.diagram(sick.found, show="central:3", level="draft")
    assert len(drawn.sketch.nodes) == 3
    whole = loops.diagram(sick.found, show="all", level="bare")
    names = {node.name for node in whole.sketch.nodes}
    assert {node.name for node in drawn.sketch.nodes} | set(drawn.caption.left_out) == names
    with pytest.raises(LoopError, match="at least 2"):
        loops.diagram(sick.found, show="central:1")
