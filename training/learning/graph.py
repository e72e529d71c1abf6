"""The nodes of an ONNX model's graph: who makes a value, and others in their place."""

from collections.abc import Sequence

import onnx


def makers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """Return which node makes each value; a graph's inputs and constants have none."""
    return {output: node for node in graph.node for output in node.output}


def replace_before(graph: onnx.GraphProto, name: str, nodes: Sequence[onnx.NodeProto]) -> None:
    """Put nodes in place of all those that make the value `name`."""
    made_by = makers(graph)
    gone, todo = set(), [name]
    while todo:
        maker = made_by.get(todo.pop())
        if maker is not None and id(maker) not in gone:
            gone.add(id(maker))
            todo.extend(maker.input)
    kept = [node for node in graph.node if id(node) not in gone]
    del graph.node[:]
    graph.node.extend([*nodes, *kept])


def drop_unused(graph: onnx.GraphProto) -> None:
    """Leave out constants that no node takes."""
    taken = {name for node in graph.node for name in node.input}
    kept = [constant for constant in graph.initializer if constant.name in taken]
    del graph.initializer[:]
    graph.initializer.extend(kept)
