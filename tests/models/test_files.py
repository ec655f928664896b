"""Files are written whole or not at all, under names whose ending says what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopscope.models.errors import OutputError
from loopscope.models.files import ending_of, target, whole, write_bytes

ENDINGS = (".json", ".kumu.json", ".txt")


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.json", ".json"), ("a.kumu.json", ".kumu.json"), ("a.b.json", ".json"),
        ("A.TXT", ".txt"), (".json", None), ("a", None), ("a.json.gz", None),
        (".kumu.json", ".json"),
    ],
)  # fmt: skip
def test_the_longest_ending_counts(name, ending):
    assert ending_of(Path("folder") / name, ENDINGS) == ending


def test_a_target_may_have_an_ending_of_two_parts(tmp_path):
    assert target(tmp_path / "a.kumu.json", (".kumu.json", ".txt")) == tmp_path / "a.kumu.json"
    with pytest.raises(OutputError, match=r"must end in \.kumu\.json or \.txt"):
        target(tmp_path / "a.json", (".kumu.json", ".txt"))


def test_bytes_replace_an_older_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    write_bytes(path, b"\x00new")
    assert path.read_bytes() == b"\x00new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_fails_half_way_leaves_nothing(tmp_path):
    def fail():
        with whole(tmp_path / "a.txt") as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []
