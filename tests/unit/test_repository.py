# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "runtime"
FORBIDDEN_IN_CORE = frozenset(
    ["asyncio", "logging", "os", "pyroute2", "random", "socket", "sqlite3", "subprocess", "time"]
)
SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"


def tracked(*patterns: str) -> list[Path]:
    """Return the files that belong to the project, whether committed yet or not."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in sorted(set(listing.split("\0"))) if name)
    return [path for path in paths if path.is_file()]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line number and dotted name of every module that a file imports absolutely."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, name.name) for name in names)
            case ast.ImportFrom(level=0, module=str(module), names=names):
                yield from ((node.lineno, f"{module}.{name.name}") for name in names)
            case ast.ImportFrom(level=level, module=module):
                yield node.lineno, "." * level + (module or "")


def is_within(name: str, package: str) -> bool:
    """Tell whether a dotted name is a package or something in it."""
    return name == package or name.startswith(f"{package}.")


def load(path: Path) -> Any:
    """Return the content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def roles() -> list[Path]:
    """Return the folders of the roles."""
    return sorted({path.parents[1] for path in tracked("roles/*/tasks/main.yml")})


def named(path: Path) -> str:
    """Return a short name for a test's parameter."""
    return path.relative_to(ROOT).as_posix()


def test_there_is_something_to_hold_to_the_rules() -> None:
    assert tracked("runtime/src/relais/core/*.py")
    assert tracked("plugins/*.py")
    assert {role.name for role in roles()} >= {"gateway", "runtime"}


@pytest.mark.parametrize("path", tracked("runtime/src/relais/core/*.py"), ids=named)
def test_the_core_touches_nothing_but_itself(path: Path) -> None:
    wrong = [
        f"line {line}: {name}"
        for line, name in imports(path)
        if name.split(".")[0] in FORBIDDEN_IN_CORE
        or (is_within(name, "relais") and not is_within(name, "relais.core"))
        or name.startswith("..")
    ]
    assert not wrong


@pytest.mark.parametrize("path", tracked("runtime/src/relais/shell/*.py"), ids=named)
def test_the_shell_knows_neither_the_app_nor_the_cli(path: Path) -> None:
    wrong = [
        f"line {line}: {name}"
        for line, name in imports(path)
        if is_within(name, "relais.app") or is_within(name, "relais.cli")
    ]
    assert not wrong


@pytest.mark.parametrize("path", tracked("plugins/*.py"), ids=named)
def test_plugins_know_the_runtime_only_by_its_command(path: Path) -> None:
    assert not [name for _line, name in imports(path) if is_within(name, "relais")]


def test_collection_and_runtime_carry_one_version() -> None:
    init = ast.parse((RUNTIME / "src" / "relais" / "__init__.py").read_text(encoding="utf-8"))
    versions = [
        ast.literal_eval(node.value)
        for node in init.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__"
    ]
    assert versions == [load(ROOT / "galaxy.yml")["version"]]


def test_the_runtime_needs_nothing_but_the_standard_library() -> None:
    """A gateway without Internet installs one file; only the controller's reports need more."""
    project = tomllib.loads((RUNTIME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dependencies"] == []


def test_both_controllers_are_tested_with_the_same_tools() -> None:
    def pins(path: Path) -> dict[str, str]:
        return dict(re.findall(r"^([\w-]+)==(\S+)$", path.read_text(encoding="utf-8"), re.M))

    current, following = pins(ROOT / "requirements-dev.in"), pins(ROOT / "requirements-next.in")
    assert following.pop("ansible-core") > current["ansible-core"]
    assert following.items() <= current.items()


@pytest.mark.parametrize("path", tracked("*.py"), ids=named)
def test_every_python_file_names_its_licence_and_defers_annotations(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if not text:
        return
    assert SPDX in "\n".join(text.splitlines()[:4])
    assert "from __future__ import annotations" in text


@pytest.mark.parametrize("path", tracked("*.py"), ids=named)
def test_a_name_that_is_not_used_says_so(path: Path) -> None:
    """What `ansible-test sanity` refuses minutes later: the bare underscore as a name."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    lines = [node.lineno for node in nodes if isinstance(node, ast.Name) and node.id == "_"]
    lines += [node.lineno for node in nodes if isinstance(node, ast.arg) and node.arg == "_"]
    assert lines == [], "write _unused"


@pytest.mark.parametrize("path", tracked("*.yml", "*.yaml"), ids=named)
def test_every_yaml_file_starts_as_a_document(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("---\n")


@pytest.mark.parametrize("role", roles(), ids=named)
def test_a_role_documents_every_variable_it_takes(role: Path) -> None:
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
    options: dict[str, Any] = specs["options"]
    defaults: dict[str, Any] = load(role / "defaults" / "main.yml") or {}
    required = {name for name, option in options.items() if option.get("required")}
    assert set(defaults) == set(options) - required
    assert all(name.startswith(f"{role.name}_") for name in options)
    readme = (role / "README.md").read_text(encoding="utf-8")
    assert not [name for name in options if name not in readme]


@pytest.mark.parametrize("path", tracked("roles/*/tasks/*.yml"), ids=named)
def test_a_task_file_fits_in_the_head(path: Path) -> None:
    limit = 60 if path.name == "main.yml" else 150
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit


@pytest.mark.parametrize("path", tracked("*.py"), ids=named)
def test_a_python_file_has_one_subject(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 420


def test_modules_are_in_the_action_group() -> None:
    modules = {path.stem for path in tracked("plugins/modules/*.py")} - {"__init__"}
    groups = load(ROOT / "meta" / "runtime.yml")["action_groups"]
    assert set(groups["relais"]) == modules


def test_sanity_ignores_nothing() -> None:
    ignores = tracked("tests/sanity/ignore-*.txt")
    assert not [path for path in ignores if path.read_text(encoding="utf-8").strip()]


def test_nothing_committed_knows_the_machine_it_was_written_on() -> None:
    foreign = re.compile(r"(?<![\w.])/(?:work|home/\w+)/\w+")
    texts = tracked("*.py", "*.yml", "*.yaml", "*.md", "*.toml", "*.j2", "*.txt", "scripts/*")
    assert not [
        f"{named(path)}: {found.group()}"
        for path in texts
        if (found := foreign.search(path.read_text(encoding="utf-8")))
    ]
