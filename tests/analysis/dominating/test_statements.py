"""Statements about runs: what they mean, in three values, and what is wrong with others."""

from __future__ import annotations

import numpy as np
import pytest

from loopscope.analysis.dominating.ensemble import ensemble_of
from loopscope.analysis.dominating.statements import judge
from loopscope.models.errors import StudyError

UNKNOWN = np.nan


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R2 dominates at 0", [0, 0, 0, 1]),
        ("R2 dominates before 2", [0, 0, 1, 1]),
        ("R2 dominates", [0, 1, 1, 1]),
        ("R3 dominates", [0, 0, 1, UNKNOWN]),
        ("R1 never dominates", [0, 0, 0, UNKNOWN]),
        ("R1 never dominates before 3", [0, 0, 0, 1]),
        ("R1 always dominates", [1, 0, 0, 0]),
        ("R2 always dominates", [0, 0, 0, UNKNOWN]),
        ("R2 always dominates before 3", [0, 0, 0, 1]),
        ("loop NUMBER_2 dominates from 2 to 3", [0, 1, 0, 1]),
        ("R2 dominates after 2", [0, 1, 0, UNKNOWN]),
        ("shift before 1", [0, 0, 1, 0]),
        ("first shift before 2", [0, 1, 1, 0]),
        ("last shift after 2", [0, 0, 1, UNKNOWN]),
        ("last shift before 2", [0, 1, 0, UNKNOWN]),
        ("no shift", [1, 0, 0, UNKNOWN]),
        ("no shift from 2 to 2.5", [1, 1, 1, 1]),
        ("shifts >= 2", [0, 0, 1, UNKNOWN]),
        ("share of R1 at 0 > 0.3", [1, 1, 1, 0]),
        ("share of R1 at 4 > 0.3", [1, 0, 0, UNKNOWN]),
        ("peak irregular > 1.5e0", [0, 1, 1, UNKNOWN]),
        ('"Peak Irregular" <= 2', [1, 1, 0, UNKNOWN]),
        ("people at 3 >= 6", [0, 1, 1, UNKNOWN]),
        ("fate is collapse", [0, 1, 1, UNKNOWN]),
        ("not fate is collapse", [1, 0, 0, UNKNOWN]),
        ("R2 dominates at 4 and peak irregular > 1", [0, 1, 0, UNKNOWN]),
        ("R2 dominates at 0 or peak irregular > 1", [0, 1, 1, 1]),
        ("R3 dominates at 0 and peak irregular > 1", [0, 0, 0, 0]),
        ("R1 dominates at 0 and (shift before 1 or shifts < 1)", [1, 0, 1, 0]),
        ("shifts < 1 or shifts > 1 and peak irregular > 9", [1, 0, 0, UNKNOWN]),
    ],
)
def test_a_statement_means_what_it_says(four, text, expected):
    np.testing.assert_array_equal(judge(text, ensemble_of(four)).holds, expected)


def test_what_is_not_known_is_counted(four):
    judged = judge("peak irregular > 1", ensemble_of(four))
    assert judged.known.tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("R1", "what about loop R1"),
        ("R9 dominates", "no loop, metric or series 'R9'; it has R1, R2, R3, peak irregular"),
        ("peek irregular > 3", "did you mean 'peak irregular'"),
        ("R1 dominates befor 3", "'befor' is left over"),
        ("R1 dominates before soon", "a time must follow 'before', not 'soon'"),
        ("R1 dominates before", "a time must follow 'before'"),
        ("R1 dominates from 3 to 2", "from 3 to 2 ends before it begins"),
        ("R1 dominates from 3", "'to' and a time must follow"),
        ("R1 dominates before 0", "no saved time is in the window; the run has 0 to 4"),
        ("R1 dominates at 7", "time 7 is outside the run"),
        ("R1 always", "'dominates' must follow 'always'"),
        ("shifts = 2", "no loop, metric or series 'shifts'"),
        ("peak irregular 3", "one of < <= > >= must follow, not '3'"),
        ("peak irregular > inf", "a number must follow '>', not 'inf'"),
        ("peak irregular > __import__('os')", "a number must follow '>'"),
        ("people > 3", "is a series: say when"),
        ("people at 9 > 3", "time 9 is outside the run, 0 to 4"),
        ("fate > 1", "has labels: write 'fate is growth'"),
        ("fate is colapse", "no fate 'colapse'; did you mean 'collapse'"),
        ("(R1 dominates", "a parenthesis is not closed"),
        ("R1 dominates and", "is missing at the end"),
        ("R1 dominates R2 dominates", "'R2' is left over"),
        ("not " * 60 + "no shift", "nested more than 50 deep"),
        ("share of R1 > 0.3", "'at' and a time must follow, not '>'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(four, text, why):
    with pytest.raises(StudyError) as error:
        judge(text, ensemble_of(four))
    assert why in str(error.value)
    assert "\n" not in str(error.value)
