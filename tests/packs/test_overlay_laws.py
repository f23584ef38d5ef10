"""Where each merged value was written, how it is shown, and the laws of merging."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sphinx_lib.pack.overlay import explain, find, locate, merge, normalise, suggest, to_plain
from sphinx_lib.pack.reader import Mark, Node, read_text

EMPTY = Node({}, Mark("empty.yaml", 1, 1))


def layer(text: str, name: str = "customer/a.yaml") -> Node:
    node, problems = read_text(text, name)
    assert problems == []
    return node


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ((), 1, 1),
        (("a",), 1, 1),  # a mapping: its key
        (("a", "b"), 2, 6),  # a scalar: itself
        (("a", "x"), 2, 3),  # missing: the mapping that lacks it
        (("a", "b", "c"), 2, 6),  # below a scalar: the scalar
        (("a", "l"), 3, 3),
        (("a", "l", 1), 3, 10),
        (("a", "l", "1"), 3, 10),
        (("a", "l", 7), 3, 6),
        (("x", "y"), 1, 1),
    ],
)
def test_a_path_is_located_as_deep_as_it_exists(path: tuple[str | int, ...], line: int, column: int) -> None:
    node = layer("a:\n  b: c\n  l: [d, e]\n")
    assert locate(node, path) == Mark("customer/a.yaml", line, column)


def test_find_gives_the_node_or_none() -> None:
    node = layer("a: {l: [d, e]}")
    assert to_plain(find(node, ("a", "l", 1)) or EMPTY) == "e"
    assert find(node, ("a", "l", 2)) is None
    assert find(node, ("a", "x", "y")) is None
    assert find(node, ()) is node


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("drafft", ["sent", "draft"], "did you mean 'draft'?"),
        ("Draft", ["sent", "draft"], "did you mean 'draft'?"),
        ("zzz", ["sent", "draft"], "known: sent, draft"),
        ("zzz", [f"state{n}" for n in range(30)], ""),
        ("zzz", [], ""),
    ],
)
def test_a_hint_names_the_nearest_or_the_few_known(name: str, known: list[str], expected: str) -> None:
    assert suggest(name, known) == expected


def test_explain_shows_the_origin_at_the_end_of_every_line() -> None:
    node, _ = merge(
        [
            layer(
                "document_types:\n  order:\n    states: {draft: {requires: [a]}}\n    same: [x, '0701']\n",
                "base/w.yaml",
            ),
            layer(
                'document_types:\n  order: {states: {draft: {requires: [b]}, sent: {}}, text: "a: #b"}\n',
                "customer/w.yaml",
            ),
        ]
    )
    assert explain(node) == (
        "document_types:    # base/w.yaml:1\n"
        "  order:           # base/w.yaml:2\n"
        "    states:        # base/w.yaml:3\n"
        "      draft:       # base/w.yaml:3\n"
        "        requires:  # base/w.yaml:3\n"
        "          a: {}    # base/w.yaml:3\n"
        "          b: {}    # customer/w.yaml:2\n"
        "      sent: {}     # customer/w.yaml:2\n"
        "    same:          # base/w.yaml:4\n"
        "      - x          # base/w.yaml:4\n"
        "      - 0701       # base/w.yaml:4\n"
        '    text: "a: #b"  # customer/w.yaml:2\n'
    )


def test_explain_of_one_value_is_one_line() -> None:
    assert explain(Node("x", Mark("a.yaml", 3, 4))) == "x  # a.yaml:3\n"


# --- laws --------------------------------------------------------------------------------------------------------

MARKS = st.builds(Mark, st.sampled_from(["a.yaml", "b/c.yaml"]), st.integers(1, 99), st.integers(1, 99))
KEYS = st.sampled_from(["a", "b", "to", "from", "effects", "document_types", "x", "null", "é", "1", "-", "a: b"])


def mappings(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    entries = st.dictionaries(KEYS, children, max_size=4)
    return st.builds(
        lambda values, mark: Node(values, mark, None, {key: child.mark for key, child in values.items()}),
        entries,
        MARKS,
    )


SCALARS = st.builds(Node, st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), MARKS)
NODES = st.recursive(
    SCALARS, lambda children: mappings(children) | st.builds(Node, st.lists(children, max_size=3), MARKS), max_leaves=12
)
LAYERS = mappings(NODES)


@given(LAYERS)
def test_an_empty_layer_changes_nothing(node: Node) -> None:
    alone = merge([node])
    assert merge([node, EMPTY]) == alone
    assert to_plain(merge([EMPTY, node])[0]) == to_plain(alone[0])


@given(LAYERS)
def test_a_layer_over_itself_changes_no_value(node: Node) -> None:
    assert to_plain(merge([node, node])[0]) == to_plain(merge([node])[0])


@given(LAYERS, LAYERS)
def test_the_later_layer_wins_in_every_scalar(low: Node, high: Node) -> None:
    merged_node, _ = merge([low, high])
    top, below = to_plain(normalise(high)), to_plain(merged_node)
    for key, value in top.items():
        if isinstance(value, str | list):
            assert below[key] == value


@given(LAYERS)
def test_what_explain_prints_reads_back_as_the_same_values(node: Node) -> None:
    again, problems = read_text(explain(node), "explained.yaml")
    assert problems == []
    assert to_plain(again) == to_plain(node)


@given(st.text(max_size=20))
def test_explain_quotes_every_text_that_needs_it(text: str) -> None:
    node = Node({"a": Node(text, Mark("a.yaml", 1, 1))}, Mark("a.yaml", 1, 1))
    again, problems = read_text(explain(node), "explained.yaml")
    assert problems == []
    assert to_plain(again) == {"a": text}
