# SPDX-License-Identifier: Apache-2.0
"""The house rules, held by tests: directions, names, sizes, notices."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from wardkeep.warden.rules import ORDER, Rule

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "wardkeep"
NOTICE = "SPDX-License-Identifier: Apache-2.0"
LONGEST_FILE = 500
LONGEST_TEST_FILE = 600
LONGEST_FUNCTION = 60
BANNED_NAMES = re.compile(
    r"(?:^|_)(?:manager|helper|helpers|util|utils|misc|common)(?:$|_)", re.IGNORECASE
)
ONE_WORD_PER_IDEA = {
    # the word we do not use: the word we use (docs/glossary.md)
    "tenant_id": "organisation",
    "audit_log": "ledger",
    "audit_trail": "ledger",
    "user_id": "account",
    "username": "display_name",
    "password_hash": "(there are no passwords)",
}


def python_files(*folders: str) -> list[Path]:
    return [
        path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize(
    "path", python_files("src", "tests", "tools", "bench"), ids=relative
)
def test_every_file_opens_with_the_notice_and_a_sentence(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert NOTICE in "\n".join(text.splitlines()[:3])
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "the module says in one sentence what it is"
    assert docstring.splitlines()[0].rstrip().endswith((".", ":", "?"))


@pytest.mark.parametrize("path", python_files("src"), ids=relative)
def test_no_file_and_no_function_outgrows_the_house(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", python_files("tests"), ids=relative)
def test_no_test_file_outgrows_the_house(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_TEST_FILE


@pytest.mark.parametrize("path", python_files("src"), ids=relative)
def test_names_carry_the_domain(path: Path) -> None:
    names = {path.stem}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name))
        elif isinstance(node, ast.Name):
            names.add(node.id)
    assert not [name for name in names if BANNED_NAMES.search(name)]
    assert not [name for name in names if name.lower() in ONE_WORD_PER_IDEA]


@pytest.mark.parametrize("path", python_files("src"), ids=relative)
def test_nothing_is_deferred_or_switched_off_in_silence(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for banned in ("TODO", "FIXME", "XXX", "NotImplementedError", "pragma: no cover"):
        assert banned not in text
    assert not re.search(r"# (?:noqa|type: ignore)\s*$", text, re.MULTILINE)


def test_imports_point_down_the_house() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def test_the_contracts_are_all_still_there() -> None:
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = configuration["tool"]["importlinter"]["contracts"]
    assert len(contracts) >= 11
    kinds = [contract["type"] for contract in contracts]
    assert kinds.count("protected") >= 4
    assert "layers" in kinds
    assert "acyclic_siblings" in kinds


def test_every_test_says_what_it_holds() -> None:
    too_short = []
    for path in python_files("tests"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            is_sentence = node.name.count("_") >= 3 or ast.get_docstring(node)
            if node.name.startswith("test_") and not is_sentence:
                too_short.append(f"{relative(path)}: {node.name}")
    assert not too_short


@pytest.mark.parametrize("rule", ORDER, ids=lambda rule: str(rule.__name__))
def test_every_rule_of_the_door_explains_each_of_its_refusals(rule: Rule) -> None:
    """In one sentence each: why it was refused, and what would have allowed it."""
    module = sys.modules[rule.__module__]
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    named = re.findall(r"Refused\(\s*code=(\"[a-z-]+\"|[A-Z_]+)", source)
    codes = {one.strip('"') if one[0] == '"' else getattr(module, one) for one in named}
    explained = {one.code: one for one in module.EXPLAINS}
    assert codes
    assert set(explained) == codes
    for one in explained.values():
        for sentence in (one.because, one.would_allow):
            assert sentence[0].isupper()
            assert re.search(r"\.(?!\S)", sentence[:-1]) is None, "one sentence"
            assert sentence.endswith(".")


def test_the_warden_has_no_database_engine_for_questions_in_its_process() -> None:
    """DuckDB asks the ledger's Parquet in a process that has no keys."""
    code = (
        "import sys, wardkeep.cli, wardkeep.assembly.warden_process\n"
        "assert 'wardkeep.ledger.compacting' in sys.modules\n"
        "sys.exit('duckdb' in sys.modules or 'obstore' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
