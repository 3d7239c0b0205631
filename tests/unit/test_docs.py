"""The documentation says what the code does."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from docs import manual
from docs.generate import HERE, MAN, pages
from podstead.cli.main import VERBS
from podstead.control.setting_table import SETTINGS
from podstead.document.spec import HostSpec
from podstead.errors import Exit
from podstead.ids import allocate
from podstead.ids.ranges import IdRange
from podstead.inventory.load import load
from podstead.proof import catalogue
from podstead.proof.checks import CHECKS
from tests.real_hosts.hostile_users import TRICKS

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/guide.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_generated_reference_is_current(name: str) -> None:
    assert pages()[name] == (HERE / name).read_text(encoding="utf-8"), "run 'make docs'"


@pytest.mark.parametrize("name", sorted(manual.pages()))
def test_the_manual_pages_are_current(name: str) -> None:
    assert manual.pages()[name] == (MAN / name).read_text(encoding="utf-8"), "run 'make docs'"


def test_there_is_a_manual_page_for_every_verb_and_no_other() -> None:
    assert {path.name for path in MAN.glob("*")} == {"podstead.1", *(f"podstead-{verb}.1" for verb in VERBS)}


@pytest.mark.process
@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
@pytest.mark.parametrize("name", sorted(manual.pages()))
def test_manual_pages_are_roff_without_a_warning(name: str) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou", "-ww", "-rLL=78n"],
        input=manual.pages()[name],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert "NAME" in done.stdout


def test_no_text_becomes_a_request_of_roff() -> None:
    assert manual.roff(".so /etc/passwd") == "\\&.so /etc/passwd"
    assert manual.roff("it's a-b\\c") == "it\\(aqs a\\-b\\ec"


def test_every_setting_option_and_exit_code_is_in_the_page_on_the_command_line() -> None:
    text = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    for one in SETTINGS.values():
        assert f"`{one.name}`" in text
        assert f"`{one.variable}`" in text
    assert set(map(int, re.findall(r"^\| (\d+) \|", text, re.MULTILINE))) == set(Exit)
    assert set(re.findall(r"`podstead ([a-z]+)", text)) <= set(VERBS)


def test_every_key_of_the_document_is_in_the_guide() -> None:
    missing = [key for key in HostSpec.model_fields if f"`{key}" not in GUIDE]
    assert missing == []


def test_every_check_is_in_the_guide() -> None:
    listed = set(re.findall(r"V\d\d", GUIDE))
    spans = {
        f"V{number:02d}"
        for first, last in re.findall(r"V(\d\d) to V(\d\d)", GUIDE)
        for number in range(int(first), int(last) + 1)
    }
    assert set(CHECKS) <= listed | spans


def test_the_numbers_of_failure_modes_are_those_of_the_catalogue() -> None:
    """Also in what is new; a released part of the change log says what there was then."""
    new = (
        (ROOT / "CHANGELOG.md")
        .read_text(encoding="utf-8")
        .partition("\n## Unreleased\n")[2]
        .partition("\n## ")[0]
    )
    modes = catalogue.load().values()
    diagnosed = sum(not (mode.undetected or mode.of_files) for mode in modes)
    expected = {"failure modes": str(len(modes)), "of them diagnosed": str(diagnosed)}
    for name, text in (("README.md", README), ("docs/guide.md", GUIDE), ("CHANGELOG.md", new)):
        told = re.findall(r"(\d+) (failure modes|of them diagnosed)", re.sub(r"known |\[", "", text))
        found = {what: number for number, what in told}
        assert found == {what: expected[what] for what in found}, name
        assert found or text is new, name


def test_no_page_installs_into_the_python_of_a_distribution() -> None:
    """Its pip refuses (PEP 668, externally-managed-environment); one in an environment does not."""
    lines = [line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()]
    installs = [line for line in lines if re.search(r"\bpip3? install\b", line)]
    assert installs
    assert [line for line in installs if "/bin/pip install" not in line] == []


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    texts = README + GUIDE + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`|sudo )make ([a-z-]+)", texts, re.MULTILINE))
    assert {name for name in named if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_every_verb_that_is_named_exists() -> None:
    assert set(re.findall(r"`podstead ([a-z]+)", README + GUIDE)) <= set(VERBS)


def test_the_numbers_of_the_guide_are_those_of_the_allocator() -> None:
    whole = allocate.Policy(count=65536, window=IdRange.between(524288, 1878982655))
    debian = allocate.Policy(count=65536, window=IdRange.between(524288, 600100000))
    assert f"**{whole.capacity} users**" in GUIDE
    assert f"leaves {debian.capacity}" in GUIDE
    assert f"UIDs 1000 to {allocate.BY_UID_BASE + whole.capacity - 1}" in GUIDE


def test_the_fleet_example_of_the_readme_is_an_inventory(tmp_path: Path) -> None:
    block = next(text for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "hosts.yml" in text)
    (tmp_path / "hosts.yml").write_text(block, encoding="utf-8")
    hosts = load([tmp_path / "hosts.yml"])
    assert [host.name for host in hosts] == ["web1.example.com", "web2.example.com"]
    assert sorted(hosts[0].spec.users) == ["alice", "ci-runner"]


def test_the_yaml_of_the_guide_is_a_layer() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert blocks
    for block in blocks:
        layer = yaml.safe_load(block)
        assert list(layer) == ["podstead"]
        HostSpec.model_validate(layer["podstead"])


def test_every_trick_that_is_tried_on_a_real_host_is_in_the_table_of_tricks() -> None:
    page = (ROOT / "docs/hostile-users.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (.+?) \| .+ \|$", page.partition("\n## ")[0], re.MULTILINE)
    assert told[1:] == [trick.what for trick in TRICKS]


PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("roles/**/*.md"),
    *ROOT.glob("inventories/**/*.md"),
]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        if re.match("[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []
