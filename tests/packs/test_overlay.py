"""Layers over each other: workflow-shape rules 1 to 4, and the five overlays of its §3."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from sphinx_lib.pack.overlay import find, locate, merge, merge_nodes, normalise, to_plain
from sphinx_lib.pack.reader import Mark, Node, read_text

BASE = """\
guards:
  reason: {require: reason != none, choices: [price, delay]}
document_types:
  quotation:
    routes:
      deliver: {to: delivery_note, when: short_lines == 0}
      order: {to: sales_order}
  sales_order:
    states:
      draft: {editable: true}
      confirmed: {requires: [has_lines, credit_limit]}
      closed: {final: true}
    events:
      confirm: {from: draft, to: confirmed, effects: {send_document: {message: thanks}}}
      close: {from: confirmed, to: closed, ask: [reason]}
      cancel: {from: [draft, confirmed], to: cancelled, guards: [nothing_delivered]}
  delivery_note:
    made_from:
      quotation: {in: accepted}
      sales_order: {in: confirmed, same: [party, site]}
  supplier_invoice:
    events:
      match: {from: draft, to: {matched: {every_line: quantity_gap <= 0 and price_gap <= 0}, disputed: {}}}
pricing:
  schema:
    base: {kind: price, access: {customer: {key: [customer]}, catalogue: {key: [item]}}}
    discount: {kind: percent}
"""


def layer(text: str, name: str = "customer/a.yaml") -> Node:
    node, problems = read_text(text, name)
    assert problems == []
    return node


def merged(*texts: str) -> Any:
    """The plain merge of the texts, which must hold."""
    node, problems = merge([layer(text, f"layer{number}.yaml") for number, text in enumerate(texts)])
    assert [str(problem) for problem in problems] == []
    return to_plain(node)


def problems_of(overlay: str, *, base: str = BASE) -> list[str]:
    return [str(problem) for problem in merge([layer(base, "base/a.yaml"), layer(overlay)])[1]]


def order(type_name: str, event: str = "confirm") -> str:
    """An overlay's head for one event of a type."""
    return f"document_types: {{{type_name}: {{events: {{{event}: "


# --- normal form (rule 2) ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["from", "in", "by", "ask", "guards", "requires", "effects", "sees", "choices"])
@pytest.mark.parametrize("section", ["document_types", "portal", "parties", "items", "sites", "runs"])
def test_a_list_of_ids_or_one_id_is_short_for_a_mapping(section: str, key: str) -> None:
    text = f"{section}: {{t: {{x: {{{key}: [b, a]}}, y: {{{key}: c}}, z: {{{key}: {{d: {{e: f}}}}}}}}}}"
    node = to_plain(normalise(layer(text)))[section]["t"]
    assert node == {"x": {key: {"b": {}, "a": {}}}, "y": {key: {"c": {}}}, "z": {key: {"d": {"e": "f"}}}}
    assert list(node["x"][key]) == ["b", "a"]


def test_the_bodies_of_named_guards_may_hold_choices() -> None:
    node = to_plain(normalise(layer(BASE)))
    assert node["guards"]["reason"] == {"require": "reason != none", "choices": {"price": {}, "delay": {}}}


@pytest.mark.parametrize(
    "text",
    [
        "billing: {x: {by: [party]}}",  # not a section with ids
        "document_types: {x: {made_from: {y: {same: [party]}}}}",  # a true sequence
        "document_types: {x: {routes: {y: {to: invoice}}}}",  # one type
        "runs: {invoicing: {from: delivery_note}}",  # one type
        "portal: {x: {events: {ask: accept_quote}}}",  # an event and its right
        "document_types: {x: {events: {y: {guards: null}}}}",
    ],
)
def test_what_is_no_list_of_ids_stays_as_it_is(text: str) -> None:
    assert normalise(layer(text)) == layer(text)


def test_a_plain_to_replaces_and_a_written_replace_is_kept() -> None:
    node = normalise(layer("document_types: {x: {events: {a: {to: b}, c: {to: [d]}, e: {to: !replace [f]}}}}"))
    a, c, e = (find(node, ("document_types", "x", "events", name, "to")) for name in "ace")
    assert a
    assert c
    assert e
    assert [(to.tag, to.implied) for to in (a, c, e)] == [("replace", True), (None, False), ("replace", False)]
    assert [to_plain(to) for to in (a, c, e)] == [{"b": {}}, {"d": {}}, {"f": {}}]


def test_ids_keep_the_place_where_they_were_written() -> None:
    node = normalise(layer("document_types:\n  x: {states: {y: {requires: [a,\n    b]}}}"))
    assert locate(node, ("document_types", "x", "states", "y", "requires", "b")) == Mark("customer/a.yaml", 3, 5)


def test_normal_form_is_final() -> None:
    once = normalise(layer(BASE))
    assert normalise(once) == once


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[a, {b: c}]", "36: document_types.x.events.y.from: expected an id, found a mapping\n"
         "    hint: write all entries as 'id: {…}' to give one of them a body"),
        ("[a, [b]]", "36: document_types.x.events.y.from: expected an id, found a list"),
        ("[a, null]", "36: document_types.x.events.y.from: expected an id, found nothing"),
        ("[a, a]", "36: document_types.x.events.y.from: 'a' stands twice in this list; first at customer/a.yaml:1:33"),
    ],
)  # fmt: skip
def test_a_list_that_is_no_list_of_ids_is_a_problem(written: str, expected: str) -> None:
    overlay = f"document_types: {{x: {{events: {{y: {{from: {written}}}}}}}}}"
    shift = overlay.index("[")
    expected = expected.replace("36:", f"customer/a.yaml:1:{shift + 5}:", 1).replace("1:33", f"1:{shift + 2}")
    assert problems_of(overlay) == [expected]


# --- merge (rules 1 and 2) ---------------------------------------------------------------------------------------


def test_mappings_are_merged_key_by_key_and_anything_else_is_replaced_whole() -> None:
    assert merged("a: {b: 1, c: [x, y], d: {e: 2}}", "a: {b: 3, c: [z], d: {f: 4}}", "a: {d: {e: 5}}") == {
        "a": {"b": "3", "c": ["z"], "d": {"e": "5", "f": "4"}}
    }


@pytest.mark.parametrize(("low", "high"), [("{b: c}", "x"), ("x", "{b: c}"), ("[x]", "{b: c}"), ("{b: c}", "[x]")])
def test_values_of_two_shapes_are_replaced_whole(low: str, high: str) -> None:
    assert merged(f"a: {low}", f"a: {high}") == merged(f"a: {high}")


def test_a_list_of_ids_in_an_overlay_adds() -> None:
    """T08: `cancel: {from: [to_approve]}` adds to draft and confirmed."""
    node = merged(BASE, order("sales_order", "cancel") + "{from: [to_approve], guards: [other]}}}}")
    cancel = node["document_types"]["sales_order"]["events"]["cancel"]
    assert list(cancel["from"]) == ["draft", "confirmed", "to_approve"]
    assert list(cancel["guards"]) == ["nothing_delivered", "other"]


def test_a_list_of_ids_does_not_wipe_what_a_lower_layer_says_about_them() -> None:
    node = merged(BASE, order("sales_order") + "{effects: [send_document]}}}}")
    assert node["document_types"]["sales_order"]["events"]["confirm"]["effects"] == {
        "send_document": {"message": "thanks"}
    }


def test_a_true_sequence_is_replaced_whole() -> None:
    node = merged(BASE, "document_types: {delivery_note: {made_from: {sales_order: {same: [currency]}}}}")
    assert node["document_types"]["delivery_note"]["made_from"]["sales_order"]["same"] == ["currency"]


def test_a_plain_to_in_an_overlay_replaces_and_a_mapping_adds() -> None:
    plain = merged(BASE, order("sales_order") + "{to: to_check}}}}")
    assert plain["document_types"]["sales_order"]["events"]["confirm"]["to"] == {"to_check": {}}
    added = merged(BASE, order("sales_order") + "{to: {to_approve: {when: total_net > 5000}}}}}}")
    assert list(added["document_types"]["sales_order"]["events"]["confirm"]["to"]) == ["to_approve", "confirmed"]


def test_remove_takes_one_out() -> None:
    node = merged(BASE, order("sales_order", "cancel") + "{guards: {nothing_delivered: !remove}, from: !remove}}}}")
    assert node["document_types"]["sales_order"]["events"]["cancel"] == {"to": {"cancelled": {}}, "guards": {}}


def test_what_was_removed_may_be_declared_again_above() -> None:
    assert merged("a: {b: {c: 1}}", "a: {b: !remove}", "a: {b: {d: 2}}") == {"a": {"b": {"d": "2"}}}


def test_replace_starts_anew() -> None:
    """T19: only a ready order is delivered."""
    overlay = "document_types: {delivery_note: {made_from: {sales_order: {in: !replace [ready]}}}}"
    assert merged(BASE, overlay)["document_types"]["delivery_note"]["made_from"]["sales_order"]["in"] == {"ready": {}}
    assert merged("a: {b: {c: 1}}", "a: !replace {d: 2}") == {"a": {"d": "2"}}


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        (
            "document_types: {sales_order: {states: {confirmd: !remove}}}",
            "customer/a.yaml:1:51: document_types.sales_order.states.confirmd: nothing to remove:"
            " no lower layer declares 'confirmd'\n    hint: did you mean 'confirmed'?",
        ),
        (
            "pricing:\n  schema:\n    xyz: !replace {kind: percent}",
            "customer/a.yaml:3:10: pricing.schema.xyz: nothing to replace:"
            " no lower layer declares 'xyz'\n    hint: known: base, discount",
        ),
        (
            "stock: {a: !remove}",
            "customer/a.yaml:1:12: stock.a: nothing to remove: no lower layer declares 'a'",
        ),
        (
            "document_types: {sales_order: {events: }}",
            "customer/a.yaml:1:40: document_types.sales_order.events: empty here, but a mapping below\n"
            "    hint: write '!remove' to take it out",
        ),
    ],
)
def test_a_typo_in_what_is_taken_away_is_a_problem(overlay: str, expected: str) -> None:
    assert problems_of(overlay) == [expected]


@pytest.mark.parametrize("tag", ["remove", "replace"])
def test_tags_in_the_lowest_layer_are_problems(tag: str) -> None:
    value = "" if tag == "remove" else " {c: d}"
    _, problems = merge([layer(f"a: {{b: !{tag}{value}}}", "base/a.yaml")])
    assert [str(problem) for problem in problems] == [
        f"base/a.yaml:1:8: a.b: nothing to {tag}: no lower layer declares 'b'"
    ]


def test_no_layer_at_all_is_an_empty_mapping() -> None:
    assert merge([]) == (Node({}, Mark("", 1, 1)), [])


def test_layers_are_not_changed_by_a_merge() -> None:
    layers = [layer(BASE), layer(order("sales_order") + "{to: {x: {when: a, before: confirmed}}, effects: [y]}}}}")]
    copies = deepcopy(layers)
    merge(layers)
    assert layers == copies


def test_every_value_keeps_the_place_of_the_layer_it_came_from() -> None:
    node, _ = merge([layer("a:\n  b: 1\n  c: 2\n  d: {e: 3}", "base.yaml"), layer("a: {c: 9, d: {f: 4}}", "over.yaml")])
    places = {path: locate(node, tuple(path.split("."))) for path in ("a", "a.b", "a.c", "a.d", "a.d.e", "a.d.f")}
    assert places == {
        "a": Mark("base.yaml", 1, 1),
        "a.b": Mark("base.yaml", 2, 6),
        "a.c": Mark("over.yaml", 1, 8),
        "a.d": Mark("base.yaml", 4, 3),
        "a.d.e": Mark("base.yaml", 4, 10),
        "a.d.f": Mark("over.yaml", 1, 18),
    }


# --- order (rule 3) ----------------------------------------------------------------------------------------------


def keys(path: str, *texts: str) -> list[str]:
    found = merged(*texts)
    for step in path.split("."):
        found = found[step]
    return list(found)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("rebate: {kind: percent}", ["base", "discount", "rebate"]),
        ("rebate: {kind: percent, after: base}", ["base", "rebate", "discount"]),
        ("rebate: {before: base}", ["rebate", "base", "discount"]),
        ("discount: {before: base}", ["discount", "base"]),
        ("a: {after: base}, b: {after: base}", ["base", "a", "b", "discount"]),
        ("a: {before: discount}, b: {before: discount}", ["base", "a", "b", "discount"]),
        ("a: {after: b}, b: {after: base}", ["base", "b", "a", "discount"]),
    ],
)
def test_an_entry_of_an_ordered_mapping_may_say_its_place(asked: str, expected: list[str]) -> None:
    overlay = f"pricing: {{schema: {{{asked}}}}}"
    assert keys("pricing.schema", BASE, overlay) == expected
    assert "after" not in str(merged(BASE, overlay))
    assert "before" not in str(merged(BASE, overlay))


def test_a_place_taken_in_one_layer_is_known_to_the_next() -> None:
    first, second = "pricing: {schema: {a: {before: base}}}", "pricing: {schema: {b: {after: a}, a: {kind: price}}}"
    assert keys("pricing.schema", BASE, first, second) == ["a", "b", "base", "discount"]


@pytest.mark.parametrize(
    ("path", "overlay"),
    [
        ("pricing.schema.base.access", "pricing: {schema: {base: {access: {x: {before: catalogue}}}}}"),
        ("document_types.quotation.routes", "document_types: {quotation: {routes: {x: {before: order, to: y}}}}"),
        (
            "document_types.sales_order.events.confirm.effects",
            order("sales_order") + "{effects: {x: {before: send_document}}}}}}",
        ),
        ("document_types.sales_order.events.confirm.to", order("sales_order") + "{to: {x: {before: confirmed}}}}}}"),
    ],
)  # fmt: skip
def test_order_counts_in_routes_effects_branches_price_steps_and_accesses(path: str, overlay: str) -> None:
    found = keys(path, BASE, overlay)
    assert found.index("x") == len(found) - 2


def test_elsewhere_after_is_a_key_like_any_other() -> None:
    assert merged("taxes: {a: {after: b}}") == {"taxes": {"a": {"after": "b"}}}


@pytest.mark.parametrize(
    ("overlay", "expected"),
    [
        (
            "pricing: {schema: {x: {after: discont}}}",
            "customer/a.yaml:1:31: pricing.schema.x.after: unknown sibling 'discont'\n"
            "    hint: did you mean 'discount'?",
        ),
        (
            "pricing: {schema: {x: {before: x}}}",
            "customer/a.yaml:1:32: pricing.schema.x.before: unknown sibling 'x'\n    hint: known: base, discount",
        ),
        (
            "pricing: {schema: {x: {after: [base]}}}",
            "customer/a.yaml:1:31: pricing.schema.x.after: expected the id of a sibling",
        ),
        (
            "pricing: {schema: {x: {after: y}, y: {after: x}}}",
            "customer/a.yaml:1:31: pricing.schema.x.after: these places go round in a circle",
        ),
    ],
)
def test_a_place_that_is_not_there_is_a_problem(overlay: str, expected: str) -> None:
    assert problems_of(overlay) == [expected]


def test_after_and_before_at_once_are_a_problem() -> None:
    assert problems_of("pricing: {schema: {x: {after: base, before: discount}}}") == [
        "customer/a.yaml:1:31: pricing.schema.x.after: say either 'after' or 'before', not both",
        "customer/a.yaml:1:45: pricing.schema.x.before: say either 'after' or 'before', not both",
    ]


def test_the_entry_without_a_condition_stays_last() -> None:
    """Rule 3: new keys go before the unconditional one; T08's branch and a third route."""
    overlay = """
document_types:
  quotation: {routes: {buy: {to: purchase_order, any_line: available == 0}, late: {to: x, when: a}}}
  sales_order: {events: {confirm: {to: {to_approve: {when: total_net > 5000}}}}}
"""
    assert keys("document_types.quotation.routes", BASE, overlay) == ["deliver", "buy", "late", "order"]
    assert keys("document_types.sales_order.events.confirm.to", BASE, overlay) == ["to_approve", "confirmed"]


def test_the_entry_without_a_condition_is_moved_last_in_one_layer_too() -> None:
    text = "document_types: {x: {routes: {a: {to: b}, c: {to: d, when: e}, f: {to: g, every_line: h}}}}"
    assert keys("document_types.x.routes", text) == ["c", "f", "a"]


def test_an_entry_that_loses_its_condition_moves_last() -> None:
    overlay = "document_types: {quotation: {routes: {deliver: {when: !remove}, order: {when: a}}}}"
    assert keys("document_types.quotation.routes", BASE, overlay) == ["order", "deliver"]


def test_an_entry_without_a_condition_may_be_placed_elsewhere_and_stays_there() -> None:
    first = "document_types: {quotation: {routes: {x: {to: y, before: deliver}}}}"
    second = "document_types: {quotation: {routes: {z: {to: y, when: a}}}}"
    assert keys("document_types.quotation.routes", BASE, first, second) == ["x", "deliver", "z", "order"]


# --- the five overlays of workflow-shape §3 ----------------------------------------------------------------------


def test_t08_an_approval_is_laid_over_the_order() -> None:
    overlay = """
document_types:
  sales_order:
    states:
      to_approve: {label: {en: To approve, fr: À approuver}}
    events:
      confirm:
        to: {to_approve: {when: total_net > 5000}}
      approve:
        from: to_approve
        to:
          to_approve: {when: approvals + 1 < (2 if total_net > 50000 else 1)}
          confirmed: {}
        guards: {other_person: {require: not approved_by_actor, message: {en: no, fr: vous l'avez déjà approuvée}}}
      reject: {from: to_approve, to: draft, right: approve_order, ask: [reason]}
      cancel: {from: [to_approve]}
"""
    events = merged(BASE, overlay)["document_types"]["sales_order"]["events"]
    assert list(events) == ["confirm", "close", "cancel", "approve", "reject"]
    assert list(events["confirm"]["to"].items()) == [("to_approve", {"when": "total_net > 5000"}), ("confirmed", {})]
    assert list(events["approve"]["to"]) == ["to_approve", "confirmed"]
    assert events["reject"] == {
        "from": {"to_approve": {}},
        "to": {"draft": {}},
        "right": "approve_order",
        "ask": {"reason": {}},
    }
    assert list(events["cancel"]["from"]) == ["draft", "confirmed", "to_approve"]


def test_t15_a_note_per_promised_date_is_one_list_more() -> None:
    overlay = "document_types: {delivery_note: {made_from: {sales_order: {split_by: [line.promised_date]}}}}"
    made = merged(BASE, overlay)["document_types"]["delivery_note"]["made_from"]["sales_order"]
    assert made == {"in": {"confirmed": {}}, "same": ["party", "site"], "split_by": ["line.promised_date"]}


def test_t27_a_tolerance_changes_one_condition_and_keeps_the_branches_in_order() -> None:
    overlay = (
        order("supplier_invoice", "match") + "{to: {matched: {every_line: quantity_gap <= 0 and price_gap <= 5}}}}}}"
    )
    to = merged(BASE, overlay)["document_types"]["supplier_invoice"]["events"]["match"]["to"]
    assert list(to.items()) == [("matched", {"every_line": "quantity_gap <= 0 and price_gap <= 5"}), ("disputed", {})]


# --- kinds (rule 12) ---------------------------------------------------------------------------------------------

KIND = """
document_types:
  sales_order:
    kinds:
      counter:
        states: {closed: !remove, paid: {}}
        events:
          confirm: {to: paid}
          close: !replace {from: paid, to: closed}
          cancel: {from: {draft: !remove}, effects: {refund: {}, note: {before: refund}}}
"""


def laid(*texts: str) -> tuple[Any, list[str]]:
    """The type sales_order with its kind `counter` laid over it."""
    node, problems = merge([layer(text, f"layer{number}.yaml") for number, text in enumerate(texts)])
    assert problems == []
    path = ("document_types", "sales_order")
    low, high = find(node, path), find(node, (*path, "kinds", "counter"))
    assert low
    assert high
    result, found = merge_nodes(low, high, path)
    return to_plain(result), [str(problem) for problem in found]


def test_a_kind_is_laid_over_its_type_by_the_same_rules() -> None:
    node, problems = laid(BASE, KIND)
    assert problems == []
    assert list(node["states"]) == ["draft", "confirmed", "paid"]
    assert node["events"]["confirm"]["to"] == {"paid": {}}
    assert node["events"]["confirm"]["effects"] == {"send_document": {"message": "thanks"}}
    assert node["events"]["close"] == {"from": {"paid": {}}, "to": {"closed": {}}}
    assert node["events"]["cancel"]["from"] == {"confirmed": {}}
    assert list(node["events"]["cancel"]["effects"]) == ["note", "refund"]


def test_a_kind_that_removes_what_its_type_lacks_is_a_problem() -> None:
    text = "document_types: {sales_order: {kinds: {counter: {states: {closd: !remove}}}}}"
    assert laid(BASE, text)[1] == [
        "layer1.yaml:1:66: document_types.sales_order.states.closd: nothing to remove:"
        " no lower layer declares 'closd'\n    hint: did you mean 'closed'?"
    ]


def test_a_later_layer_may_change_a_kind() -> None:
    overlay = """
document_types:
  sales_order:
    kinds:
      counter:
        states: {paid: !remove, closed: {final: true}}
        events:
          confirm: {to: {checked: {when: total_net > 5}}}
          cancel: !replace {from: draft}
"""
    node, problems = laid(BASE, KIND, overlay)
    assert problems == []
    assert node["states"] == {
        "draft": {"editable": "true"},
        "confirmed": {"requires": {"has_lines": {}, "credit_limit": {}}},
        "closed": {"final": "true"},
    }
    assert list(node["events"]["confirm"]["to"]) == ["checked", "paid"]
    assert node["events"]["cancel"] == {"from": {"draft": {}}}


def test_a_whole_kind_may_be_removed() -> None:
    node = merged(BASE, KIND, "document_types: {sales_order: {kinds: {counter: !remove}}}")
    assert node["document_types"]["sales_order"]["kinds"] == {}
