"""Stubs, docstrings and the page on compatibility say what is there."""

import ast
import dataclasses
import inspect
from pathlib import Path

import pytest

import lanner
from conftest import NAMES
from lanner import _lanner, models

HERE = Path(__file__).parent
STUB = Path(inspect.getfile(__import__("lanner"))).parent / "_lanner.pyi"


def arguments(node):
    return [a.arg for a in node.args.args]


def members(body):
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = node
    return found


def public(thing):
    return {name for name in vars(thing) if not name.startswith("_") or name == "__version__"}


def plain(names):
    return {name for name in names if not name.startswith("_") or name == "__version__"}


def test_the_stub_has_the_names_and_arguments_of_the_native_half():
    tree = ast.parse(STUB.read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    functions = members(tree.body)
    kinds = {"Finished", "Model", "Table"}
    assert plain(functions) | kinds == public(_lanner)
    for name, node in functions.items():
        if isinstance(node, ast.FunctionDef):
            real = inspect.signature(getattr(_lanner, name))
            assert arguments(node) == list(real.parameters), name
    for kind in kinds:
        native, methods = getattr(_lanner, kind), members(classes[kind].body)
        assert plain(methods) == public(native), kind
        for name in plain(methods):
            real = getattr(native, name)
            if callable(real):
                assert arguments(methods[name]) == list(inspect.signature(real).parameters), name
    assert set(_lanner.cards()[0]) == set(members(classes["Card"].body))


@pytest.mark.parametrize("name", NAMES)
def test_a_docstring_describes_every_parameter_with_its_default(name):
    kind = getattr(models, name)
    lines = kind.__doc__.splitlines()
    for field in dataclasses.fields(kind):
        (line,) = [line for line in lines if line.startswith(f"{field.name} : ")]
        assert line.endswith(f"(default={field.default!r})")
        assert lines[lines.index(line) + 1].startswith("    ")
    taken = {param[0] for param in _card(name)["params"]}
    assert taken <= {field.name for field in dataclasses.fields(kind)}


@pytest.mark.parametrize("name", [n for n in lanner.__all__ if inspect.isfunction(getattr(lanner, n))])
def test_a_function_says_what_it_takes_gives_and_raises(name):
    function = getattr(lanner, name)
    text = inspect.getdoc(function)
    sections = [f"\n{title}\n{'-' * len(title)}\n" for title in ("Parameters", "Returns", "Raises")]
    assert all(section in text for section in sections)
    taken = text.split(sections[0])[1].split(sections[1])[0].splitlines()
    described = {
        n.strip("* ") for line in taken if line[:1].strip() for n in line.split(" : ")[0].split(",")
    }
    assert described == set(inspect.signature(function).parameters)


def _card(name):
    return next(card for card in _lanner.cards() if card["id"] == name)


def test_every_known_failure_of_pyods_tests_is_on_the_page():
    page = HERE.parents[2] / "docs/python-compat.md"
    known = (HERE.parent / "pyod_tests/known.txt").read_text().splitlines()
    text = page.read_text()
    for line in known:
        if line and not line.startswith("#"):
            test = line.split(": ")[0].split("::")[-1]
            assert test in text, f"{test} is not on {page.name}"
