import json

import numpy as np
import pandas as pd
import pytest

from pluralign_stats import InputError
from pluralign_stats.study.data_file import read_table
from pluralign_stats.study.files import File


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, name="t.json", **spec):
        path = tmp_path / name
        if isinstance(content, pd.DataFrame):
            content.to_parquet(path) if name.endswith("parquet") else content.to_csv(path)
        else:
            text = content if isinstance(content, str) else json.dumps(content)
            path.write_text(text, "utf-8")
        return read_table(File.model_validate({"path": name, **spec}), tmp_path, ())

    return write_and_read


def rows(table, *columns):
    frame = table.frame[list(columns)] if columns else table.frame
    return [tuple(row) for row in frame.astype(object).where(frame.notna(), None).to_numpy()]


TURNS = [
    {
        "id": "c1",
        "conversation": {"model": "A", "settings": {"temperature": 0.5}},
        "turns": [{"text": "one", "score": 80}, {"text": "two", "score": 20}],
    },
    {"id": "c2", "conversation": {"model": "B"}, "turns": [{"text": "three", "score": 50}]},
]


@pytest.mark.parametrize("kind", ["json", "jsonl", "parquet"])
def test_objects_inside_of_objects_have_dotted_names(read, kind):
    content = {
        "json": TURNS,
        "jsonl": "\n".join(map(json.dumps, TURNS)),
        "parquet": pd.DataFrame(TURNS),
    }[kind]
    table = read(content, f"t.{kind}")
    assert list(table.frame) == [
        "id",
        "conversation.model",
        "conversation.settings.temperature",
        "turns",
    ]
    assert rows(table, "conversation.model", "conversation.settings.temperature") == [
        ("A", "0.5"),
        ("B", None),
    ]
    assert json.loads(table.frame["turns"].iloc[1]) == [{"text": "three", "score": 50}]


@pytest.mark.parametrize("kind", ["json", "jsonl", "parquet", "csv"])
def test_each_element_of_a_list_becomes_a_row(read, kind):
    content = {
        "json": TURNS,
        "jsonl": "\n".join(map(json.dumps, TURNS)),
        "parquet": pd.DataFrame(TURNS),
        "csv": pd.DataFrame(TURNS).assign(turns=[json.dumps(t["turns"]) for t in TURNS]),
    }[kind]
    table = read(content, f"t.{kind}", rows="turns")
    assert rows(table, "id", "turns.text", "turns.score", "turns.position") == [
        ("c1", "one", "80", "1"),
        ("c1", "two", "20", "2"),
        ("c2", "three", "50", "1"),
    ]
    assert table.frame.index.tolist() == [1, 2, 3]
    first = 2 if kind == "csv" else 1
    assert table.places["row"].tolist() == [first, first, first + 1]


def test_lists_inside_of_lists_and_of_objects(read):
    content = [
        {
            "rater": "p1",
            "talks": [{"id": 1, "turns": [{"x": "a"}, {"x": "b"}]}, {"id": 2, "turns": []}],
        },
        {"rater": "p2", "talks": [{"id": 3, "turns": [{"x": "c"}]}]},
    ]
    table = read(content, rows="talks.turns")
    assert rows(table, "rater", "talks.id", "talks.turns.x") == [
        ("p1", "1", "a"),
        ("p1", "1", "b"),
        ("p2", "3", "c"),
    ]
    assert table.notes == ("t.json: 1 of 3 entries have nothing in 'talks.turns' and give no row",)
    inside = [{"rater": "p1", "talk": {"turns": ["a", "b"]}}]
    assert rows(read(inside, rows="talk.turns"), "rater", "talk.turns") == [
        ("p1", "a"),
        ("p1", "b"),
    ]


def test_the_rows_of_a_wrapped_table(read):
    table = read({"n": 2, "data": [{"a": 1}, {"a": 2}]}, rows="data")
    assert rows(table, "n", "data.a") == [("2", "1"), ("2", "2")]


def test_a_position_of_their_own_stays(read):
    table = read([{"turns": [{"position": 7}, {"position": 9}]}], rows="turns")
    assert table.frame["turns.position"].tolist() == ["7", "9"]


def test_what_is_no_list_is_refused_with_its_row(read):
    told = "t.json: column 'turns', row 2: value 'x'; allowed for 'rows': a list"
    with pytest.raises(InputError, match=told):
        read([{"turns": [1]}, {"turns": "x"}], rows="turns")
    with pytest.raises(InputError, match=r"unknown column 'turn' for 'rows': .*'turns'"):
        read(TURNS, rows="turn")
    with pytest.raises(InputError, match=r"unknown column 'b' for 'rows': no column holds lists"):
        read([{"a": 1}], rows="b")


MAPS = [
    {"item": "i1", "text": {"post": "x"}, "annotations": {"Ann1": "3", "Ann2": "5"}},
    {"item": "i2", "text": {"post": "y"}, "annotations": {"Ann2": "1"}},
]
MAP = {"column": "annotations", "key": "rater", "value": "rating"}
LONG = [("i1", "Ann1", "3"), ("i1", "Ann2", "5"), ("i2", "Ann2", "1")]


def as_kind(kind, maps=MAPS):
    texts = {"csv of JSON": json.dumps, "csv of Python": repr}.get(kind, dict)
    frame = pd.DataFrame(maps)
    frame["annotations"] = frame["annotations"].map(texts)
    return {"json": maps, "jsonl": "\n".join(map(json.dumps, maps))}.get(kind, frame)


@pytest.mark.parametrize("kind", ["json", "jsonl", "parquet", "csv of JSON", "csv of Python"])
def test_each_entry_of_a_map_becomes_a_row(read, kind):
    table = read(as_kind(kind), f"t.{kind.split()[0]}", map=MAP)
    assert rows(table, "item", "rater", "rating") == LONG
    assert "annotations" not in table.frame
    assert table.places["row"].diff().tolist()[1:] == [0, 1]
    error = table.refuse("rating", table.frame["rating"] != "1", "'1'", "correct it")
    row = 2 if kind.startswith("csv") else 1
    assert str(error).startswith(f"t.{kind.split()[0]}: column 'rating', row {row}: value '3', '5'")


def test_the_maps_of_parquet(read, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = [list(row["annotations"].items()) for row in MAPS]
    maps = pa.array(cells, pa.map_(pa.string(), pa.string()))
    pq.write_table(pa.table({"item": ["i1", "i2"], "annotations": maps}), tmp_path / "m.parquet")
    spec = File.model_validate({"path": "m.parquet", "map": MAP})
    assert rows(read_table(spec, tmp_path, ()), "item", "rater", "rating") == LONG


def test_maps_of_several_dimensions_stand_side_by_side(read):
    content = [{"item": "i1", "toxic": {"a": 1, "b": 2}, "kind": {"b": 3, "c": 4}}]
    table = read(content, map={"column": ["toxic", "kind"], "key": "rater"})
    assert rows(table) == [("i1", "a", "1", None), ("i1", "b", "2", "3"), ("i1", "c", None, "4")]
    named = read(content, map={"column": ["toxic", "kind"], "key": "r", "value": ["t", "k"]})
    assert list(named.frame) == ["item", "r", "t", "k"]


def test_a_map_of_objects_gives_a_column_for_each_of_their_keys(read):
    content = [{"item": "i1", "votes": {"a": {"toxic": 1, "why": "x"}, "b": {"toxic": 2}}}]
    table = read(content, map={"column": "votes", "key": "rater"})
    assert list(table.frame) == ["item", "rater", "votes.toxic", "votes.why"]
    assert rows(table, "rater", "votes.toxic", "votes.why") == [("a", "1", "x"), ("b", "2", None)]


def test_maps_inside_of_lists_and_of_objects(read):
    content = [{"id": 1, "replies": [{"n": 1, "votes": {"a": 1}}, {"n": 2, "votes": {"b": 0}}]}]
    spec = {"column": "replies.votes", "key": "rater", "value": "rating"}
    table = read(content, rows="replies", map=spec)
    assert rows(table, "replies.n", "rater", "rating") == [("1", "a", "1"), ("2", "b", "0")]


def test_empty_maps_and_entries_give_no_row_and_are_told(read):
    content = [
        {"item": "i1", "annotations": {}},
        {"item": "i2", "annotations": {"a": None, "b": 3}},
    ]
    table = read(content, map=MAP)
    assert rows(table, "item", "rater", "rating") == [("i2", "b", "3")]
    assert table.notes == (
        "t.json: 1 of 2 rows have nothing in 'annotations' and give no row",
        "t.json: 1 of 2 entries in 'annotations' are empty and give no row",
    )


def test_what_is_no_map_is_refused_with_its_row(read):
    told = "t.csv: column 'annotations', row 3: value '{broken'; allowed for 'map': an object"
    with pytest.raises(InputError, match=told):
        read('item,annotations\ni1,"{""a"": 1}"\ni2,{broken\n', "t.csv", map=MAP)
    with pytest.raises(InputError, match=r"unknown column for 'map': .*did you mean 'annotations'"):
        read(MAPS, map={**MAP, "column": "annotation"})
    with pytest.raises(InputError, match=r"'map' makes a column 'item', and the file has one"):
        read(MAPS, map={**MAP, "key": "item"})
    with pytest.raises(ValueError, match=r"name one value for each column"):
        File.model_validate({"path": "x", "map": {"column": ["a", "b"], "key": "r", "value": "v"}})


def test_an_object_with_many_keys_that_rows_seldom_have_stays_one_cell(read):
    rng = np.random.default_rng(1)
    many = [{"m": {f"a{k}": 1 for k in rng.choice(300, 5, replace=False)}} for _ in range(100)]
    table = read(many)
    assert list(table.frame) == ["m"]
    assert json.loads(table.frame["m"].iloc[0]) == many[0]["m"]
    same = [{"m": {f"a{k}": 1 for k in range(150)}} for _ in range(3)]
    assert len(read(same).frame.columns) == 150


def test_a_field_that_is_an_object_in_some_rows_only(read):
    table = read([{"a": "x"}, {"a": {"b": 1}}])
    assert rows(table, "a", "a.b") == [("x", None), (None, "1")]


def test_lists_of_words_stay_json_arrays(read):
    table = read([{"who": ["Asian", "White"], "n": [1, 2]}])
    assert rows(table) == [('["Asian", "White"]', '["1", "2"]')]
