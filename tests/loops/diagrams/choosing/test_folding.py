"""Folding of variables that only pass something on."""

from __future__ import annotations

import pytest

from loopscope.loops.diagrams.choosing.folding import fold_through
from loopscope.loops.diagrams.records import Link, LoopShown, Node, Sketch
from loopscope.models.errors import LoopError


def sketch_of(text, loops=(), stocks=()):
    links = []
    for part in text.split():
        cause, effect, sign, *delay = part.split(",")
        links.append(Link(cause=cause, effect=effect, sign=sign, delay=bool(delay)))
    names = sorted({name for link in links for name in link.pair})
    return Sketch(
        tuple(Node(name=n, kind="stock" if n in stocks else "auxiliary") for n in names),
        tuple(links),
        tuple(
            LoopShown(id=f"U{k}", path=tuple(path), polarity="U") for k, path in enumerate(loops)
        ),
    )


def folded_names(sketch):
    shown = {node.name for node in fold_through(sketch).nodes}
    return {node.name for node in sketch.nodes} - shown


def test_a_chain_becomes_one_link_with_sign_delay_and_names():
    found = fold_through(sketch_of("a,b,- b,c,-,delay c,d,-"))
    (link,) = found.links
    assert link.pair == ("a", "d")
    assert (link.sign, link.delay, link.through) == ("-", True, ("b", "c"))


def test_an_unknown_sign_stays_unknown():
    (link,) = fold_through(sketch_of("a,b,? b,c,-")).links
    assert link.sign == "?"


def test_stocks_and_what_is_kept_stay():
    assert folded_names(sketch_of("a,b,+ b,c,+", stocks="b")) == set()
    chain = sketch_of("a,b,+ b,c,+")
    assert len(fold_through(chain, keep=["b"]).nodes) == 3
    with pytest.raises(LoopError, match="'bee' is not shown"):
        fold_through(chain, keep=["bee"])


def test_no_link_doubles_or_opposes_another():
    assert folded_names(sketch_of("a,b,+ b,c,+ a,c,-")) == set()
    assert folded_names(sketch_of("a,b,+ b,c,+ c,a,-")) == set()


def test_loops_of_three_stay_and_longer_ones_shrink_to_three():
    assert folded_names(sketch_of("a,b,+ b,c,+ c,a,-", loops=["abc"])) == set()
    ring = sketch_of("a,b,+ b,c,+ c,d,+ d,e,+ e,a,-", loops=["abcde"])
    assert len(fold_through(ring).nodes) == 3


def test_each_loop_keeps_a_variable_of_its_own_the_most_delayed():
    # Two loops share s -> t; the way back is x y (delayed) for one, z for the other.
    both = sketch_of(
        "s,t,+ t,x,+ x,y,+,delay y,w,+,delay w,s,+ t,z,+ z,q,+ q,s,-", loops=["stxyw", "stzq"]
    )
    shown = {node.name for node in fold_through(both).nodes}
    assert "y" in shown
    assert shown & {"z", "q"}


def test_every_loop_still_runs_along_its_links():
    both = sketch_of("s,t,+ t,x,+ x,y,+ y,w,+ w,s,+ t,z,+ z,q,+ q,s,-", loops=["stxyw", "stzq"])
    found = fold_through(both)  # a Sketch checks its loops when it is made
    assert [loop.id for loop in found.loops] == ["U0", "U1"]
    hidden = {name for link in found.links for name in link.through}
    assert hidden | {node.name for node in found.nodes} == set("stxywzq")
