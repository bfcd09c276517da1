"""The graph of the rules, drawn as SVG."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import networkx as nx
import numpy as np
from markupsafe import Markup, escape

from synthwire.errors import InputError


def parse_dot(text: str) -> list[tuple[str, str]]:
    """Edges (from rule, to rule) of what `snakemake --rulegraph` prints."""
    names = dict(re.findall(r"^\s*(\w+)\s*\[.*?label\s*=\s*\"(.*?)\"", text, flags=re.MULTILINE))
    edges = re.findall(r"^\s*(\w+)\s*->\s*(\w+)", text, flags=re.MULTILINE)
    pairs = ([names.get(end, end).split("\\n")[0] for end in edge] for edge in edges)
    return [(start, end) for start, end in pairs if start != end]


def draw_rule_graph(edges: Iterable[tuple[str, str]]) -> Markup:
    """A directed graph as inline SVG, in the page's own colours and font.

    Layered from the top: a rule stands below all that it reads from. Rules with the same
    neighbours share a box. Edges over several layers pass between the boxes; each layer is ordered
    by the mean place of its neighbours. InputError when the graph has a cycle.
    """
    graph = nx.DiGraph((str(a), str(b)) for a, b in edges if a != b)
    if not graph:
        return Markup("")
    _layers(graph)  # refuses cycles
    graph = _merge_twins(nx.transitive_reduction(graph))
    rows = _layers(graph)
    layer = {node: number for number, row in enumerate(rows) for node in row}

    # Long edges get an invisible stop on each layer that they cross.
    chains = []
    links = nx.DiGraph()
    for start, end in sorted(graph.edges):
        chain = [start]
        for level in range(layer[start] + 1, layer[end]):
            stop = f"\0{start}\0{end}\0{level}"
            rows[level].append(stop)
            chain.append(stop)
        chain.append(end)
        chains.append(chain)
        nx.add_path(links, chain)
    # By hand, since networkx's layouts leave the order within a layer, and so crossings, as it is.
    for sweep in range(12):
        neighbours = links.pred if sweep % 2 == 0 else links.succ
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            place = {
                node: index / max(len(line) - 1, 1) if len(line) > 1 else 0.5
                for line in rows
                for index, node in enumerate(line)
            }
            row.sort(
                key=lambda node: (
                    np.mean([place[other] for other in neighbours[node]])
                    if neighbours[node]
                    else place[node]
                )
            )
    return _graph_svg(rows, chains)


def _layers(graph: nx.DiGraph) -> list[list[str]]:
    """Nodes by the longest path that leads to them; InputError when the graph has a cycle."""
    try:
        return [sorted(layer) for layer in nx.topological_generations(graph)]
    except nx.NetworkXUnfeasible:
        nodes = sorted({node for edge in nx.find_cycle(graph) for node in edge})
        raise InputError(f"the rule graph has a cycle through {', '.join(nodes)}") from None


def _merge_twins(graph: nx.DiGraph) -> nx.DiGraph:
    """Nodes with the same predecessors and the same successors become one, its names in lines."""
    groups: dict[tuple, list[str]] = {}
    for node in sorted(graph, key=_natural):
        neighbours = frozenset(graph.pred[node]), frozenset(graph.succ[node])
        groups.setdefault(neighbours, []).append(node)
    names = {node: "\n".join(group) for group in groups.values() for node in group}
    return nx.relabel_nodes(graph, names)


def _natural(name: str) -> list:
    """Sorting key with which figure 9 comes before figure 12."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _graph_svg(rows: Sequence[Sequence[str]], chains: Sequence[Sequence[str]]) -> Markup:
    line, padding, gap, between = 15.0, 13.0, 18.0, 32.0

    def is_stop(node: str) -> bool:
        return node.startswith("\0")

    def width_of(node: str) -> float:
        return 14.0 if is_stop(node) else 24 + 7.1 * max(map(len, node.split("\n")))

    def height_of(node: str) -> float:
        return 0.0 if is_stop(node) else padding + line * len(node.split("\n"))

    widths = [sum(map(width_of, row)) + gap * (len(row) - 1) for row in rows]
    total = max(widths) + 20
    heights = [max(map(height_of, row)) for row in rows]
    top = 10.0
    box: dict[str, tuple[float, float, float, float]] = {}  # centre x, top y, bottom y, width
    for row, width, height in zip(rows, widths, heights, strict=True):
        x = (total - width) / 2
        for node in row:
            own = height if is_stop(node) else height_of(node)
            box[node] = (
                x + width_of(node) / 2,
                top + (height - own) / 2,
                top + (height + own) / 2,
                width_of(node),
            )
            x += width_of(node) + gap
        top += height + between
    parts = []
    for chain in chains:
        x, _, y, _ = box[chain[0]]
        path = f"M{x:.1f},{y:.1f}"
        for node in chain[1:]:
            x1, y1, y2, _ = box[node]
            end = y1 if is_stop(node) else y1 - 5  # room for the arrow's head
            bend = (y + end) / 2
            path += f" C{x:.1f},{bend:.1f} {x1:.1f},{bend:.1f} {x1:.1f},{end:.1f}"
            if is_stop(node):
                path += f" V{y2:.1f}"
            x, y = x1, y2
        parts.append(f'<path class="edge" d="{path}" marker-end="url(#arrow)"/>')
    for node, (x, y, bottom, width) in box.items():
        if is_stop(node):
            continue
        names = "".join(
            f'<text x="{x:.1f}" y="{y + 17.5 + line * number:.1f}">{escape(name)}</text>'
            for number, name in enumerate(node.split("\n"))
        )
        parts.append(
            f'<g class="node"><rect x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{bottom - y:.1f}" rx="6"/>{names}</g>'
        )
    height = top - between + 10
    return Markup(
        f'<svg class="graph" viewBox="0 0 {total:.0f} {height:.0f}" width="{total:.0f}" '
        f'height="{height:.0f}" role="img" aria-label="Rule graph">'
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="2" refY="4" markerWidth="6" '
        'markerHeight="6" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>'
        f"{''.join(parts)}</svg>"
    )


def rule_order(edges: Iterable[tuple[str, str]]) -> list[str]:
    """Rules in the order of their layers: each after all that it reads from."""
    return [node for layer in _layers(nx.DiGraph(edges)) for node in layer]
