"""Templates as they are compiled: what loops, joins texts or makes lists goes through filters.

These count. The compiled code asks its environment for them, so a page pays from the budget of its
own rendering.
"""

from __future__ import annotations

from typing import cast

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from sphinx_lib.render.budget import weight_of

LOOPED, ENTERED, JOINED, MADE, COMPARED = "looped", "entered", "joined", "made", "compared"
"""Names of the filters; a template that calls one itself pays for it and gains nothing."""

_DEEPEST = 80
MOST_NODES = 5_000
MOST_WORDS = 20_000
_OF_ANOTHER = 20
"""Turns that an include or an import counts for."""


def counting(tree: nodes.Template) -> nodes.Template:
    """``tree``, which pays for what it does."""
    Counting().visit(tree)
    return tree


def too_much(tree: nodes.Template) -> tuple[int, str] | None:
    """Where a template is too large or too deep to be compiled while somebody waits, and how.

    None where it is neither.
    """
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    known = 0
    while waiting:
        node, depth = waiting.pop()
        known += 1
        if depth > _DEEPEST:
            return node.lineno, "brackets or tags are nested too deep"
        if known > MOST_NODES:
            return (
                node.lineno,
                f"a template has at most {MOST_NODES:,} tags and expressions, and this one more",
            )
        waiting += ((one, depth + 1) for one in node.iter_child_nodes())
    return None


class Counting(NodeTransformer):
    """Wraps what can be repeated or can grow; lines stay those of the file."""

    def visit_Template(self, node: nodes.Template) -> nodes.Node:
        return self._entered(node, node.body)

    def visit_Block(self, node: nodes.Block) -> nodes.Node:
        return self._entered(node, node.body)

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:
        return self._entered(node, node.body)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:
        return self._entered(node, node.body)

    def visit_For(self, node: nodes.For) -> nodes.For:
        weight = _weight(node.body)
        self.generic_visit(node)
        if node.recursive:  # `loop(children)` begins anew with what no tag has seen
            node.body.insert(0, _payment(weight, node.lineno))
        else:
            node.iter = _filtered(cast(nodes.Expr, node.iter), LOOPED, weight)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), JOINED)

    def visit_List(self, node: nodes.List) -> nodes.Expr:
        self.generic_visit(node)
        return node if _is_constant(node.items) else _filtered(node, MADE)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Expr:
        self.generic_visit(node)
        return node if node.ctx != "load" or _is_constant(node.items) else _filtered(node, MADE)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Expr:
        self.generic_visit(node)
        return node if not node.items else _filtered(node, MADE)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:
        self.generic_visit(node)
        return _filtered(node, MADE) if isinstance(node.arg, nodes.Slice) else node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Expr:
        self.generic_visit(node)
        quick = (
            len(node.ops) == 1 and _is_small(node.expr) and node.ops[0].op not in ("in", "notin")
        )
        for one in () if quick else node.ops:
            if not _is_small(one.expr):
                one.expr = _filtered(one.expr, COMPARED)
        return node

    def visit_Include(self, node: nodes.Include) -> list[nodes.Node]:
        return self._brought(node)

    def visit_Import(self, node: nodes.Import) -> list[nodes.Node]:
        return self._brought(node)

    def visit_FromImport(self, node: nodes.FromImport) -> list[nodes.Node]:
        return self._brought(node)

    def _brought(self, node: nodes.Node) -> list[nodes.Node]:
        """Another template: finding it costs more than walking on."""
        self.generic_visit(node)
        return [_payment(_OF_ANOTHER, node.lineno), node]

    def _entered(self, node: nodes.Node, body: list[nodes.Node]) -> nodes.Node:
        weight = _weight(body)
        self.generic_visit(node)
        body.insert(0, _payment(weight, node.lineno))
        return node


def _weight(body: list[nodes.Node]) -> int:
    return weight_of(sum(1 for one in body for _ in one.find_all(nodes.Node)))


def _filtered(node: nodes.Expr, name: str, *arguments: int) -> nodes.Filter:
    given = [nodes.Const(one, lineno=node.lineno) for one in arguments]
    return nodes.Filter(node, name, given, [], None, None, lineno=node.lineno)


def _payment(weight: int, lineno: int) -> nodes.ExprStmt:
    nothing = nodes.Const(None, lineno=lineno)
    return nodes.ExprStmt(_filtered(nothing, ENTERED, weight), lineno=lineno)


def _is_constant(items: list[nodes.Expr]) -> bool:
    return all(isinstance(item, nodes.Const) for item in items)


def _is_small(node: nodes.Expr) -> bool:
    """Whether a comparison with ``node`` is quick, however long the other side is."""
    constants = isinstance(node, nodes.List | nodes.Tuple) and _is_constant(node.items)
    return isinstance(node, nodes.Const) or constants
