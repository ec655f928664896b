"""Studies are found by name and by path, and their files follow the schema in the docs."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from loopscope.analysis.study.files import find, read, schema, studies
from loopscope.analysis.study.settling import settle
from loopscope.models.errors import ReadError, StudyError, UnknownNameError
from loopscope.models.source import LIBRARY

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = ROOT / "docs" / "study.schema.json"
SHIPPED = sorted(
    [*LIBRARY.glob("*/studies/*.toml"), *(ROOT / "docs" / "examples").glob("*.studies/*.toml")]
)
VALIDATOR = jsonschema.Draft202012Validator(schema())


def content(path):
    with path.open("rb") as file:
        return tomllib.load(file)


def test_the_schema_in_the_docs_is_the_schema_of_the_records():
    # After a change of the records: python tests/analysis/study/test_files.py
    # Compared by fields: how pydantic words a schema differs between its versions.
    written = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(written)
    assert fields(written) == fields(schema())


def fields(document):
    records = {"": document, **document["$defs"]}
    return {
        name: (sorted(one.get("properties", ())), sorted(one.get("required", ())))
        for name, one in records.items()
    }


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_study_follows_the_schema_and_can_be_run(path):
    assert [error.message for error in VALIDATOR.iter_errors(content(path))] == []
    found = settle(None, path)
    assert found.runs > 0
    assert found.title


@pytest.mark.parametrize(
    "change",
    [
        {"runs": 0}, {"runs": "many"}, {"sereis": []}, {"parameters": 3}, {"seed": -1},
        {"parameters": {"a": {"kind": "uniform", "low": 1}}}, {"parameters": {"a": {"low": 1}}},
        {"metrics": [{"name": "m", "metric": "max"}]}, {"metrics": [{"metric": "shifts"}]},
        {"design": {"kind": "latin"}}, {"design": {"kind": "morris", "levels": 3}},
        {"correlations": [{"between": ["a"], "rank": 0.1}]}, {"loops": {"track": "some"}},
    ],
)  # fmt: skip
def test_schema_and_records_refuse_the_same(change, pond):
    good = content(pond.parent / "pond.studies" / "crowding.toml")
    assert VALIDATOR.is_valid(good)
    assert not VALIDATOR.is_valid(good | change)
    with pytest.raises(StudyError):
        find(good | change, None)


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": "all"}, {"parameters": ["a", "b"]}, {"scenario": "a"}, {"set": {"a": 1}},
        {"parameters": {"a": {}, "b": {"kind": "fixed"}}}, {"design": {"kind": "grid"}},
        {"design": {"kind": "grid", "levels": {"a": 2}}}, {"loops": {}},
    ],
)  # fmt: skip
def test_schema_and_records_take_the_same(change, pond):
    good = content(pond.parent / "pond.studies" / "crowding.toml") | change
    assert [error.message for error in VALIDATOR.iter_errors(good)] == []
    assert find(good, None).study.runs == 512


def test_studies_of_a_model_are_found_by_name(pond):
    assert list(studies(pond)) == ["crowding"]
    assert find("Crowding", pond).study == read(studies(pond)["crowding"]).study
    with pytest.raises(UnknownNameError, match="no study named 'crowdin'; did you mean 'crowding'"):
        find("crowdin", pond)
    with pytest.raises(UnknownNameError, match="no study named 'zzz'; there are: crowding"):
        find("zzz", pond)
    assert studies(pond.with_name("lake.mdl")) == {}
    with pytest.raises(UnknownNameError, match="the model comes with no study"):
        find("zzz", pond.with_name("lake.mdl"))


def test_a_missing_file_names_the_nearest_and_a_broken_one_its_fault(pond):
    folder = pond.parent / "pond.studies"
    with pytest.raises(ReadError, match=r"did you mean 'crowding\.toml'"):
        find(folder / "crowdng.toml", None)
    (folder / "broken.toml").write_text("runs = = 3\n")
    with pytest.raises(ReadError, match=r"broken\.toml: not readable as TOML"):
        find(folder / "broken.toml", None)
    (folder / "odd.toml").write_text("[[metrics]]\nname = 'a b'\nmetric = 'max'\n")
    with pytest.raises(StudyError, match=r"odd\.toml: metrics\.'a b': the metric 'max' needs 'of'"):
        find(folder / "odd.toml", None)


def test_a_folder_of_studies_belongs_to_the_only_model_beside_it(tmp_path, pond):
    text = (pond.parent / "pond.studies" / "crowding.toml").read_text()
    folder = tmp_path / "one" / "studies"
    folder.mkdir(parents=True)
    (folder / "a.toml").write_text(text)
    assert read(folder / "a.toml").model is None
    (tmp_path / "one" / "pond.mdl").write_text(pond.read_text())
    assert read(folder / "a.toml").model == tmp_path / "one" / "pond.mdl"
    (tmp_path / "one" / "lake.mdl").write_text(pond.read_text())
    assert read(folder / "a.toml").model is None


if __name__ == "__main__":
    SCHEMA.write_text(json.dumps(schema(), indent=1) + "\n", encoding="utf-8")
