"""The tree of spans: which ran inside which, with own time and share, and as text."""

from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec import field

from statestore.recording.units import format_ns as format_ns
from statestore.values import Span

_SPAN_FIELDS = Span.__struct_fields__
# A readable page; what is beyond it is counted, not silently dropped.
_MAX_LINES = 1_000


class SpanNode(Span, frozen=True, kw_only=True):
    """A span with the spans that ran inside it, in the order of their starts."""

    children: list["SpanNode"] = field(default_factory=list)

    @property
    def own_ns(self) -> int:
        """The time in which none of the children ran; children that overlap each other count once."""
        return self.elapsed_ns - covered_ns(self)

    def walk(self) -> Iterator["SpanNode"]:
        """This node and all below it, parents before their children."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))


def covered_ns(node: SpanNode) -> int:
    """How much of the node's time its children cover; they may overlap each other and outlive it."""
    covered, reached = 0, node.started_ns
    for child in node.children:
        start, end = max(child.started_ns, reached), min(child.ended_ns, node.ended_ns)
        if end > start:
            covered += end - start
            reached = end
    return covered


def build_tree(spans: Iterable[Span]) -> list[SpanNode]:
    """The root spans, each with its children. A span whose parent is not among the spans is a root.

    Only a span that started earlier counts as a parent, so that no input, however broken, makes a circle.
    """
    nodes: dict[int | None, SpanNode] = {}
    roots: list[SpanNode] = []
    for span in sorted(spans, key=_start):
        node = _node(span)
        parent = nodes.get(span.parent_id)
        (roots if parent is None else parent.children).append(node)
        nodes[span.id] = node
    return roots


def _start(span: Span) -> tuple[int, int]:
    return span.started_ns, span.id


def _node(span: Span) -> SpanNode:
    return SpanNode(*[getattr(span, name) for name in _SPAN_FIELDS], children=[])


def walk(roots: Iterable[SpanNode]) -> Iterator[SpanNode]:
    """Every node, parents before their children."""
    for root in roots:
        yield from root.walk()


def levels(roots: Iterable[SpanNode]) -> Iterator[tuple[SpanNode, int, int]]:
    """Every node, parents before their children, with its depth and the time of its root, in nanoseconds."""
    for root in roots:
        stack = [(root, 0)]
        while stack:
            node, depth = stack.pop()
            yield node, depth, root.elapsed_ns
            stack.extend((child, depth + 1) for child in reversed(node.children))


def format_tree(roots: list[SpanNode], max_lines: int = _MAX_LINES) -> str:
    """One line a span: name, total and own time, share of its root's time, what failed."""
    nodes = levels(roots)
    lines = ["  " * depth + _line(node, whole_ns) for node, depth, whole_ns in islice(nodes, max_lines)]
    left_out = sum(1 for _ in nodes)
    return "\n".join([*lines, f"... and {left_out} more spans"] if left_out else lines)


def _line(node: SpanNode, whole_ns: int) -> str:
    share = f"{node.elapsed_ns / whole_ns:4.0%}" if whole_ns else "   -"
    own = f", own {format_ns(node.own_ns)}" if node.children else ""
    failed = "" if node.status == "ok" else f"  [{node.status}]"
    said = "".join([f"  {each}" for each in plain_metadata(node)])
    return f"{node.name}  {format_ns(node.elapsed_ns)}{own}  {share.strip()}{said}{failed}"


def plain_metadata(span: Span) -> list[str]:
    """What fits on a line of a span's metadata, `key=value` each: no collections, such as the stacks of a profile."""
    return [f"{key}={value!s:.60}" for key, value in span.metadata.items() if isinstance(value, str | int | float)]
