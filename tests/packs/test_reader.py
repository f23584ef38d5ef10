"""Reading YAML as text with places: workflow-shape rules 1 and 15, style §4.1 and §4.2. Errors are asserted in full."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.kernel.errors import Problem
from sphinx_lib.pack.overlay import to_plain
from sphinx_lib.pack.reader import Mark, Node, read_documents, read_layer, read_text


def errors(text: str) -> list[str]:
    """Every problem of ``text`` as the consultant sees it."""
    return [str(problem) for problem in read_text(text, "customer/a.yaml")[1]]


def plain(text: str) -> object:
    node, problems = read_text(text, "a.yaml")
    assert problems == []
    return to_plain(node)


def layer(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        file = folder / "customer" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
    return folder / "customer"


@pytest.mark.parametrize("written", ["NO", "yes", "on", "0701", "12:30:45", "0.10", "1_000", "2026-01-31", "=", "0x1F"])
def test_a_plain_scalar_stays_the_text_that_was_written(written: str) -> None:
    assert plain(f"a: {written}") == {"a": written}


@pytest.mark.parametrize("written", ["", "~", "null"])
def test_only_null_tilde_and_nothing_are_none(written: str) -> None:
    assert plain(f"a: {written}") == {"a": None}


@pytest.mark.parametrize("written", ["'null'", '"~"', '""', "'0701'"])
def test_a_quoted_scalar_is_always_text(written: str) -> None:
    assert plain(f"a: {written}") == {"a": written[1:-1]}


def test_marks_count_lines_and_columns_from_one() -> None:
    node, _ = read_text("a:\n  b: [x,\n    y]\n", "customer/a.yaml")
    assert isinstance(node.value, dict)
    inner = node.value["a"]
    assert isinstance(inner.value, dict)
    assert node.key_marks == {"a": Mark("customer/a.yaml", 1, 1)}
    assert inner.key_marks == {"b": Mark("customer/a.yaml", 2, 3)}
    assert inner.value["b"] == Node(
        [Node("x", Mark("customer/a.yaml", 2, 7)), Node("y", Mark("customer/a.yaml", 3, 5))],
        Mark("customer/a.yaml", 2, 6),
    )


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "~", "\ufeff"])
def test_a_file_without_anything_is_an_empty_mapping(text: str) -> None:
    assert plain(text) == {}


def test_a_byte_order_mark_is_skipped() -> None:
    assert plain("\ufeffa: b") == {"a": "b"}


def test_the_two_known_tags_are_kept() -> None:
    node, problems = read_text("a: !remove\nb: {c: !replace [d]}", "a.yaml")
    assert problems == []
    assert isinstance(node.value, dict)
    assert (node.value["a"].tag, node.value["a"].value) == ("remove", None)
    assert isinstance(node.value["b"].value, dict)
    assert node.value["b"].value["c"].tag == "replace"


def test_a_tag_may_stand_against_a_closing_bracket_and_places_stay_as_written() -> None:
    node, problems = read_text("a: {b: !remove}\nc: {d: {e: !remove}, f: !remove,\n g: h, i: !x j}", "a.yaml")
    assert [str(problem).splitlines()[0] for problem in problems] == ["a.yaml:3:11: c.i: unknown tag !x"]
    assert isinstance(node.value, dict)
    c = node.value["c"]
    assert isinstance(c.value, dict)
    assert c.key_marks == {
        key: Mark("a.yaml", line, at) for key, line, at in [("d", 2, 5), ("f", 2, 22), ("g", 3, 2), ("i", 3, 8)]
    }
    assert c.value["f"] == Node(None, Mark("a.yaml", 2, 25), "remove")
    assert plain("a: '{x: !remove}'") == {"a": "{x: !remove}"}
    assert errors("a: {b: !remove} c") == [
        'customer/a.yaml:1:17: quote this expression\n    hint: write a: "{b: !remove} c"'
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Rule 15: the way to quote it, whatever stands around it.
        (
            "a: {when: state in [x, y], label: z}",
            'customer/a.yaml:1:20: quote this expression\n    hint: write when: "state in [x, y]"',
        ),
        (
            'a: {when: state in ["x"]}',
            "customer/a.yaml:1:20: quote this expression\n    hint: write when: 'state in [\"x\"]'",
        ),
        (
            'a: {when: "x" == y}',
            "customer/a.yaml:1:15: quote this expression\n    hint: write when: '\"x\" == y'",
        ),
        (
            "a: {\n  when: b in [c, d],\n}",
            'customer/a.yaml:2:14: quote this expression\n    hint: write when: "b in [c, d]"',
        ),
        (
            "a: {en: draft: no}",
            'customer/a.yaml:1:14: quote this expression\n    hint: write en: "draft: no"',
        ),
        (
            "a: {w: {x} > 3}",
            'customer/a.yaml:1:12: quote this expression\n    hint: write w: "{x} > 3"',
        ),
        (
            "numbering: {ROOT}-{REV}  # as printed",
            'customer/a.yaml:1:18: quote this expression\n    hint: write numbering: "{ROOT}-{REV}"',
        ),
        (
            "a: {when: default(x, 0) > 1, b: c}",
            'customer/a.yaml:1:11: a.when: quote this expression\n    hint: write when: "default(x, 0) > 1"',
        ),
        (
            "a: [max(x, 0)]",
            "customer/a.yaml:1:5: a.0: quote this expression\n"
            "    hint: a text that holds , [ ] { } or ': ' stands between quotes",
        ),
        # Other things that are not YAML.
        (
            "a: [b",
            "customer/a.yaml:2:1: not valid YAML: did not find expected ',' or ']', while parsing a flow sequence"
            " that starts at 1:4\n    hint: a text that holds , [ ] { } or ': ' stands between quotes",
        ),
        (
            "a: [x [y]]",
            "customer/a.yaml:1:7: not valid YAML: did not find expected ',' or ']', while parsing a flow sequence"
            " that starts at 1:4\n    hint: a text that holds , [ ] { } or ': ' stands between quotes",
        ),
        (
            "a: 'x\nb: c",
            "customer/a.yaml:1:4: not valid YAML: found unexpected end of stream, while scanning a quoted scalar",
        ),
        (
            "a: x\n b: c",
            "customer/a.yaml:2:3: not valid YAML: mapping values are not allowed in this context",
        ),
        (
            "a:\n\tb: c",
            "customer/a.yaml:2:1: not valid YAML: found character that cannot start any token,"
            " while scanning for the next token\n    hint: indent with spaces, not with tabs",
        ),
        ("a:\n  b\x07", "customer/a.yaml:2:4: character U+0007 is not allowed in YAML"),
        ("a: \ud800", "customer/a.yaml:1:4: character U+D800 is not allowed in YAML"),
        # YAML that has no place in a configuration.
        ("- a", "customer/a.yaml:1:1: expected a mapping (key: value), found a list"),
        ("a", "customer/a.yaml:1:1: expected a mapping (key: value), found a text"),
        (
            "a: 1\n---\nb: 2",
            "customer/a.yaml:3:1: a second document starts here: one file holds one\n    hint: take out the '---'",
        ),
        (
            "a: {b: 1,\n  b: 2}",
            "customer/a.yaml:2:3: a.b: set twice; first at customer/a.yaml:1:5\n    hint: take out one of the two",
        ),
        (
            "a: {[b]: c}",
            "customer/a.yaml:1:5: a: a key must be a text\n"
            "    hint: a text that holds , [ ] { } or ': ' stands between quotes",
        ),
        ("~: b", "customer/a.yaml:1:1: a key must be a text"),
        (
            "a: !!python/object:os.system b",
            "customer/a.yaml:1:4: a: unknown tag !!python/object:os.system\n"
            "    hint: known: !remove, !replace; a text that starts with '!' stands between quotes",
        ),
        (
            "a: !removed",
            "customer/a.yaml:1:4: a: unknown tag !removed\n"
            "    hint: known: !remove, !replace; a text that starts with '!' stands between quotes",
        ),
        ("a: !remove [b]", "customer/a.yaml:1:4: a: !remove takes no value"),
        (
            "a: !remove b",
            "customer/a.yaml:1:4: a: !remove takes no value\n    hint: write 'key: !remove', the key being what goes",
        ),
        (
            "a: [!replace b]",
            "customer/a.yaml:1:5: a: !replace stands before the value of a key, not inside a list",
        ),
        ("!remove a: b", "customer/a.yaml:1:1: !remove stands before the value of a key, not before the key"),
        (
            "!replace {a: b}",
            "customer/a.yaml:1:1: !replace stands before the value of a key, not before a whole document",
        ),
        (
            "a: &x b",
            "customer/a.yaml:1:4: a: anchors and aliases (&name, *name) are not used here\n"
            "    hint: write the value out, or quote a text that starts with * or &",
        ),
        (
            "a: {b: *x}",
            "customer/a.yaml:1:8: a.b: anchors and aliases (&name, *name) are not used here\n"
            "    hint: write the value out, or quote a text that starts with * or &",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_the_way_out(text: str, expected: str) -> None:
    assert expected in errors(text)


def test_one_finding_does_not_hide_another() -> None:
    assert errors("a: !x b\nc: 1\nc: 2\n") == [
        "customer/a.yaml:1:4: a: unknown tag !x\n"
        "    hint: known: !remove, !replace; a text that starts with '!' stands between quotes",
        "customer/a.yaml:3:1: c: set twice; first at customer/a.yaml:2:1\n    hint: take out one of the two",
    ]


def test_the_first_of_two_equal_keys_is_kept() -> None:
    assert to_plain(read_text("a: 1\na: 2", "a.yaml")[0]) == {"a": "1"}


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    started = time.perf_counter()
    assert len(errors(bomb)) == 60 + 59 * 2  # every anchor and every alias
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 20_000])
def test_endless_nesting_is_refused(text: str) -> None:
    (found,) = read_text(text, "a.yaml")[1]
    assert found.message == "nested more than 50 deep"


def test_a_file_of_several_documents_is_read_one_by_one() -> None:
    documents, problems = read_documents("a: 1\n---\n---\nb: 2\n", "scenario.yaml")
    assert problems == []
    assert [to_plain(document) for document in documents] == [{"a": "1"}, {}, {"b": "2"}]
    assert documents[2].mark == Mark("scenario.yaml", 4, 1)


def test_documents_before_a_syntax_error_are_still_read() -> None:
    documents, problems = read_documents("a: 1\n---\nb: {c: [}\n", "scenario.yaml")
    assert to_plain(documents[0]) == {"a": "1"}
    assert [(problem.line, problem.file) for problem in problems] == [(3, "scenario.yaml")]


def test_the_files_of_a_layer_are_one_mapping(tmp_path: Path) -> None:
    """Rule 1: whatever their names and folders, in sorted order; other files do not count."""
    folder = layer(
        tmp_path,
        {
            "workflows.yaml": "document_types: {quotation: {label: {fr: Devis}}}",
            "more/sales.yml": "document_types: {quotation: {label: {en: Quotation}}, invoice: {side: sales}}",
            "notes.txt": "not: [yaml",
        },
    )
    node, problems = read_layer(folder)
    assert problems == []
    assert to_plain(node) == {
        "document_types": {"quotation": {"label": {"en": "Quotation", "fr": "Devis"}}, "invoice": {"side": "sales"}}
    }
    assert isinstance(node.value, dict)
    assert node.key_marks["document_types"] == Mark("customer/more/sales.yml", 1, 1)
    types = node.value["document_types"].value
    assert isinstance(types, dict)
    label = types["quotation"].value
    assert isinstance(label, dict)
    assert label["label"].key_marks["fr"] == Mark("customer/workflows.yaml", 1, 38)


@pytest.mark.parametrize(
    ("first", "second"),
    [("{b: 1}", "{b: 2}"), ("{b: {c: 1}}", "{b: 2}"), ("{b: [x]}", "{b: [y]}"), ("{b: {}}", "{b: !replace {c: d}}")],
)
def test_a_leaf_set_by_two_files_of_a_layer_names_both_places(tmp_path: Path, first: str, second: str) -> None:
    folder = layer(tmp_path, {"one.yaml": f"a: {first}", "two.yaml": f"\na: {second}"})
    node, problems = read_layer(folder)
    assert [str(problem) for problem in problems] == [
        "customer/two.yaml:2:5: a.b: set twice; first at customer/one.yaml:1:5\n    hint: take out one of the two"
    ]
    assert to_plain(node) == to_plain(read_text(f"a: {first}", "one.yaml")[0])


def test_one_file_may_be_a_layer(tmp_path: Path) -> None:
    node, problems = read_layer(layer(tmp_path, {"t08.yaml": "a: b"}) / "t08.yaml")
    assert (to_plain(node), problems) == ({"a": "b"}, [])
    assert node.mark == Mark("t08.yaml", 1, 1)


def test_the_folder_one_stands_in_keeps_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(layer(tmp_path, {"a.yaml": "a: b"}))
    assert read_layer(Path("."))[0].mark.file == "customer/a.yaml"


def test_a_layer_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    node, problems = read_layer(tmp_path / "custmer")
    assert to_plain(node) == {}
    assert problems == [Problem("custmer", 1, 1, "", "no such file or directory")]


def test_a_layer_without_yaml_is_a_problem(tmp_path: Path) -> None:
    folder = layer(tmp_path, {"readme.txt": "nothing here"})
    assert read_layer(folder)[1] == [Problem("customer", 1, 1, "", "this directory holds no YAML file")]


def test_bytes_that_are_not_utf_8_are_told_with_their_place(tmp_path: Path) -> None:
    folder = layer(tmp_path, {"a.yaml": "é: b\nlabel: Livré".encode() + "é".encode("latin-1"), "b.yaml": "c: d"})
    node, problems = read_layer(folder)
    assert [str(problem) for problem in problems] == [
        "customer/a.yaml:2:13: byte 0xE9 is not UTF-8\n    hint: save the file as UTF-8"
    ]
    assert to_plain(node) == {"c": "d"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_a_problem(tmp_path: Path) -> None:
    folder = layer(tmp_path, {"a.yaml": "a: b"})
    (folder / "a.yaml").chmod(0)
    assert [problem.message for problem in read_layer(folder)[1]] == ["cannot be read: Permission denied"]


def test_1800_lines_are_read_well_under_a_tenth_of_a_second() -> None:
    one = (
        "  t{n}:\n    label: {{en: Order, fr: Commande}}\n    states: {{draft: {{editable: true, requires: [a, b]}}}}\n"
    )
    text = "document_types:\n" + "".join(one.format(n=n) for n in range(600))
    best = 1.0
    for _ in range(5):
        started = time.process_time()
        read_text(text, "a.yaml")
        best = min(best, time.process_time() - started)
    assert best < 0.1


YAML_LIKE = st.text(st.sampled_from("ab01:,[]{}()!&*#|>-?'\"%@ \n\t~.=é\x00\ufeff\u2028"), max_size=60)


@given(st.text(max_size=60) | YAML_LIKE)
def test_any_text_gives_a_mapping_and_problems_that_lie_in_it(text: str) -> None:
    node, problems = read_text(text, "a.yaml")
    assert isinstance(node.value, dict)
    lines = len(text.splitlines()) + 2
    assert all(problem.file == "a.yaml" and 1 <= problem.line <= lines and problem.column >= 1 for problem in problems)
