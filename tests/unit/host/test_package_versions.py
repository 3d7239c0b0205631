"""Versions of packages as distributions write them."""

import pytest

from podstead.host.package_versions import satisfies, upstream


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("4.3.1+ds1-8+deb12u1", "4.3.1"),
        ("4.3.1+ds1-8+b1", "4.3.1"),
        ("3.4.4+ds1-1ubuntu1.22.04.3", "3.4.4"),
        ("5.0.0~rc1+ds1-1", "5.0.0rc1"),
        ("5.0.0~rc.2-1", "5.0.0rc2"),
        ("5:5.4.0-2.el9", "5.4.0"),
        ("5:4.9.4-1.module_el8.9.0+971+3d3df00d", "4.9.4"),
        ("5.7.0~dev1-1.fc42", "5.7.0.dev1"),
        ("5.4.2-r0", "5.4.2"),
        ("1.8.1-1+deb12u1+b2", "1.8.1"),
        ("1.21-1", "1.21"),
        ("0.0~git20240220.1e6f92b-1", "0.0"),
        ("v4.0", "4.0"),
        ("0^20230625.g32660ce-2.el9", "0"),
        (" 1.2 ", "1.2"),
    ],
)
def test_the_upstream_version_is_found(version: str, expected: str) -> None:
    assert expected == str(upstream(version))


@pytest.mark.parametrize("version", ["", "unknown", "abc1", ":", "9" * 5000])
def test_what_has_no_number_has_no_version(version: str) -> None:
    assert None is upstream(version)


@pytest.mark.parametrize(
    ("version", "specifier", "expected"),
    [
        ("4.3.1+ds1-8+deb12u1", ">=4.3", True),
        ("4.3.1+ds1-8+deb12u1", ">=4.3.2", False),
        ("4.3.1+ds1-8+deb12u1", "==4.3.1", True),
        ("5:5.4.0-2.el9", ">=5,<6", True),
        ("5.0.0~rc1-1", ">=5.0", False),
        ("5.0.0~rc1-1", ">=4.9", True),
        ("5.4", "", True),
        ("5.4.2-r0", "~=5.4.1", True),
        ("unknown", ">=1", None),
    ],
)
def test_a_version_is_judged(version: str, specifier: str, expected: bool | None) -> None:
    assert expected is satisfies(version, specifier)


@pytest.mark.parametrize("specifier", [">=", "4.3", "newest", ">=4..3"])
def test_a_specifier_that_is_none_is_a_value_error(specifier: str) -> None:
    with pytest.raises(ValueError, match="not a version specifier"):
        satisfies("4.3", specifier)
