from __future__ import annotations

import ast
import inspect

from replay_users import compare


def test_the_package_offers_what_it_imports_and_nothing_else() -> None:
    """`__all__` is the stage's whole face, in order."""
    tree = ast.parse(inspect.getsource(compare))
    imported = [name.name for node in tree.body if isinstance(node, ast.ImportFrom) for name in node.names]
    assert sorted(imported) == sorted(compare.__all__)
    assert all(hasattr(compare, name) for name in compare.__all__)
