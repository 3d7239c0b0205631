"""The wheel and the sdist, installed into an environment of their own and used from an unrelated directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def run(argv: list[str | Path], cwd: Path) -> str:
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [str(word) for word in argv],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is made from it."""
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, PROJECT], folder)
    return folder


def fresh_python(folder: Path) -> Path:
    """An environment without podstead that finds the dependencies where this one has them."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    places = [
        sysconfig.get_path("purelib"),
        *(place for place in sys.path if place.endswith("site-packages")),
    ]
    site = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], folder).strip())
    (site / "dependencies.pth").write_text("\n".join(dict.fromkeys(places)) + "\n")
    return python


def install(python: Path, *words: str | Path) -> None:
    argv: list[str | Path] = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    run(
        [*argv, "--no-deps", "--no-build-isolation", "--ignore-installed", "--force-reinstall", *words],
        python.parent,
    )


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    python = fresh_python(tmp_path_factory.mktemp("wheel"))
    (wheel,) = built.glob("podstead-*.whl")
    install(python, wheel)
    return python


def source(python: Path, cwd: Path) -> Path:
    return Path(run([python, "-c", "import podstead; print(podstead.__file__)"], cwd).strip())


def test_the_wheel_is_what_runs(installed: Path, tmp_path: Path) -> None:
    assert source(installed, tmp_path).is_relative_to(installed.parents[1])


def test_help_names_every_verb(installed: Path, tmp_path: Path) -> None:
    shown = run([installed.parent / "podstead", "--help"], tmp_path)
    for verb in ("apply", "check", "verify", "show", "inventory", "explain", "schema"):
        assert f"\n  {verb} " in shown


def test_the_schema_is_json_schema(installed: Path, tmp_path: Path) -> None:
    schema = json.loads(run([installed.parent / "podstead", "schema"], tmp_path))
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert {"users", "subids", "packages", "sysctls"} <= schema["properties"]["podstead"]["properties"].keys()


def test_the_built_in_role_is_found(installed: Path, tmp_path: Path) -> None:
    shown = run(
        [installed.parent / "podstead", "show", "@local", "-e", "podstead={users: {alice: {}}}"], tmp_path
    )
    assert "ip_unprivileged_port_start" in shown
    assert "alice" in shown


def test_the_wheel_carries_types_scripts_and_roles(built: Path) -> None:
    (wheel,) = built.glob("podstead-*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    sources = PROJECT / "src"
    scripts = [path for path in (sources / "podstead/visit/scripts").rglob("*.*") if path.suffix != ".pyc"]
    assert {path.suffix for path in scripts} == {".sh", ".pl", ".py", ".toml"}
    assert {"podstead/py.typed", "podstead/_roles/rootless-podman/role.yml"} <= names
    assert "podstead/control/starter_files/podstead.toml" in names
    assert "podstead/visit/scripts/protocol.toml" in names
    (data,) = {name.partition("/")[0] for name in names if ".data/" in name}
    pages = (PROJECT / "docs/man").glob("*.1")
    assert {f"{data}/data/share/man/man1/{page.name}" for page in pages} <= names
    assert {str(script.relative_to(sources)) for script in scripts} <= names
    assert not {name for name in names if name.startswith(("tests", "src", "benchmarks"))}


def test_the_sdist_carries_what_builds_it(built: Path) -> None:
    (sdist,) = built.glob("podstead-*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "roles/rootless-podman/role.yml"} <= names


def test_an_editable_installation_finds_the_roles(tmp_path: Path) -> None:
    python = fresh_python(tmp_path / "editable")
    install(python, "--editable", PROJECT)
    away = tmp_path / "away"
    away.mkdir()
    assert source(python, away).is_relative_to(PROJECT / "src")
    argv: list[str | Path] = [
        python,
        "-m",
        "podstead",
        "show",
        "@local",
        "-e",
        "podstead={users: {alice: {}}}",
    ]
    assert "ip_unprivileged_port_start" in run(argv, away)
