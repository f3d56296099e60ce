"""Which blocks of a page a test takes, read from the test."""

import ast

READERS = ("blocks", "blocks_of")  # how tests take blocks: of docs/how-to, or of any page


def takes_of(tree):
    """Each ``blocks(page, language)``: page, language, and which of them the names on the left stand for."""
    above = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in READERS and len(call.args) == 2:
            page, language = (value_of(word, call, above) for word in call.args)
            if page and language:
                yield page if "/" in page or call.func.id == "blocks_of" else f"docs/how-to/{page}", language, places(call, above)


def value_of(word, at, above):
    """A text, or the end of a path, as it is or by the nearest name that was given to it."""
    if written(word):
        return written(word)
    scope = at
    while isinstance(word, ast.Name) and scope in above:
        scope = above[scope]
        for name, value in (pair for node in getattr(scope, "body", []) for pair in named_in(node)):
            if name == word.id and written(value):
                return written(value)
    return None


def written(value):
    """A text as it stands there; of ``ROOT / "docs" / "a.md"`` what follows the root. None for whatever else."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div) and isinstance(value.right, ast.Constant):
        before = written(value.left)
        return f"{before}/{value.right.value}" if before else value.right.value
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def named_in(node):
    """The names that an assignment gives, each with its value."""
    if not isinstance(node, ast.Assign):
        return []
    left, right = node.targets[0], node.value
    if isinstance(left, ast.Tuple) and isinstance(right, ast.Tuple):
        return [(ast.unparse(name), value) for name, value in zip(left.elts, right.elts, strict=True)]
    return [(ast.unparse(left), right)]


def places(call, above):
    """Which ones: a number or a slice behind it, the names of an assignment that are no ``_``, all where each is gone through or all are joined; else none."""
    node = above[call]
    if isinstance(node, ast.Subscript):
        return places_behind(node.slice)
    each = isinstance(node, ast.comprehension)  # (f(block) for block in blocks(...)), which gives as many
    node = above[above[node]] if each else node
    if isinstance(node, ast.Assign):
        return places_named(node.targets[0])
    joined = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join"
    return {...} if joined or (isinstance(node, ast.For) and node.iter is call) else set()


def places_named(target):
    """Of ``first, _, third = ...`` the first and the third; one name for all of them says nothing of each."""
    if not isinstance(target, ast.Tuple | ast.List):
        return set()
    return {place for place, name in counted([ast.unparse(one) for one in target.elts]) if not name.startswith(("_", "*_"))}


def counted(names):
    """Names with their places; behind a star they are counted from the end, and the star itself stands for all."""
    star = next((place for place, name in enumerate(names) if name.startswith("*")), len(names))
    for place, name in enumerate(names):
        yield (... if place == star else place if place < star else place - len(names)), name


def places_behind(index):
    if isinstance(index, ast.Constant):
        return {index.value}
    if isinstance(index, ast.Slice) and isinstance(index.upper, ast.Constant) and index.lower is None:
        return {*range(index.upper.value)}
    return set()
