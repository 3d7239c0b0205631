"""Packages: Podman and what this Podman version really needs on this kind of host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from packaging.version import Version

from podstead.document.spec import HostSpec
from podstead.host.family import INDISPENSABLE
from podstead.host.package_versions import satisfies, upstream
from podstead.host.packages import PackagesState
from podstead.host.platforms import Platform
from podstead.host.state import HostState
from podstead.provision.change import Change, InstallPackages, Outcome, Phase, Refusal, RunCommand
from podstead.provision.part import Meaning, Part

#: Components whose program may be there without a package (built by hand, Homebrew, an image).
_PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "podman": ("podman",),
    "uidmap": ("newuidmap", "newgidmap"),
    "usermod": ("usermod",),
    "crun": ("crun",),
    "pasta": ("pasta",),
    "slirp4netns": ("slirp4netns",),
    "fuse-overlayfs": ("fuse-overlayfs",),
}


def components_needed(spec: HostSpec, platform: Platform, podman: str) -> tuple[str, ...]:
    """The components (keys of :attr:`podstead.host.family.Family.packages`) that rootless Podman of this version needs.

    Podman 5.0 made pasta the default network tool in place of slirp4netns and 4.0 brought netavark (release notes);
    an OCI runtime, the uid-map tools and the session bus are only recommended packages on Debian and Ubuntu.
    """
    version = upstream(podman)
    components = ["podman", "uidmap", "usermod", "catatonit"]
    if not {"crun", "runc"} & platform.tools.keys():
        components.append("crun")
    if version:
        components.append("pasta" if version.major >= 5 else "slirp4netns")
        if version.major >= 4:
            components += ["netavark", "aardvark-dns", "nftables" if version.major >= 5 else "iptables"]
    if platform.systemd:
        components += ["session-bus", "pam-systemd"]
    # native overlay for users: Linux 5.13 (containers/storage) and Podman 3.1 (rootless.md)
    old = (0, 0) < platform.kernel_version < (5, 13) or (version is not None and version < Version("3.1"))
    if spec.storage.driver == "overlay" and old:
        components.append("fuse-overlayfs")
    return tuple(components)


def plan(spec: HostSpec, state: PackagesState, platform: Platform) -> Outcome:
    """Install what is missing in one go; refuse versions that the host does not have."""
    if not spec.packages:
        return Outcome()
    refusals = _versions(spec, state)
    missing = _missing(spec, state, platform)
    if any(refusal.id == "packages:podman:version" for refusal in refusals):
        # the wrong Podman is not installed, nor what it would need; what else was asked for is
        missing = tuple(name for name in missing if name in spec.packages and name != "podman")
    if not missing:
        return Outcome(refusals=refusals)
    nameless = not platform.family.packages and not set(missing) <= spec.packages.keys()
    if state.manager == "none" or nameless:
        return Outcome(refusals=(*refusals, _no_manager(missing, platform)))
    return Outcome(
        refusals=refusals,
        changes=(
            Change(
                id="packages:install:names",
                phase=Phase.PACKAGES,
                title=f"install {', '.join(missing)}",
                steps=(InstallPackages(manager=state.manager, names=missing),),
            ),
        ),
    )


#: What the helpers have where their package gives them file capabilities.
_CAPABILITIES = {"newuidmap": "cap_setuid+ep", "newgidmap": "cap_setgid+ep"}


def plan_helpers(spec: HostSpec, state: PackagesState, platform: Platform) -> Outcome:
    """Give newuidmap and newgidmap back the privileges that their package gives them, where both kinds are gone."""
    changes = []
    for path, (mode, owner) in sorted(state.helpers.items()):
        name = path.rpartition("/")[2]
        privileged = owner == "0" and bool(int(mode, 8) & 0o4000)
        if privileged or "cap_set" in platform.tools.get(f"cap.{name}", "") or "podman" not in spec.packages:
            continue
        if not path.startswith(("/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/")) or owner != "0":
            continue  # a copy that somebody made must never be given privileges
        argv = (
            ("setcap", _CAPABILITIES[name], path)
            if platform.family.helper_capabilities
            else ("chmod", "4755", "--", path)
        )
        changes.append(
            Change(
                id=f"packages:{name}:privileges",
                phase=Phase.PACKAGES,
                title=f"give {path} its privileges back (mode {mode}, no file capabilities)",
                steps=(RunCommand(argv),),
            )
        )
    return Outcome(changes=tuple(changes))


def _missing(spec: HostSpec, state: PackagesState, platform: Platform) -> tuple[str, ...]:
    names = {} if "podman" not in spec.packages else platform.family.packages
    wanted: dict[str, None] = {}
    for component in components_needed(spec, platform, state.podman()) if "podman" in spec.packages else ():
        name = names.get(component)
        programs = _PROGRAMS.get(component, ())
        present = bool(programs) and all(program in platform.tools for program in programs)
        if name is None and component in INDISPENSABLE and not present:  # of a family that is not known
            wanted[component] = None
        if name and (name in state.broken or (name not in state.installed and not present)):
            wanted[name] = None
    for name in spec.packages:
        if name != "podman" and name not in state.installed:
            wanted[name] = None
    return tuple(wanted)


def _versions(spec: HostSpec, state: PackagesState) -> tuple[Refusal, ...]:
    refusals = []
    for name, package in spec.packages.items():
        have = state.installed.get(name) or (state.candidate if name == "podman" else "")
        if not package.version or not have or satisfies(have, package.version) is not False:
            continue
        what = "is installed" if name in state.installed else "is what the package lists offer"
        refusals.append(
            Refusal(
                id=f"packages:{name}:version",
                title=f"{name} {have} is not {package.version}",
                reason=f"{name} {have} {what}, but the document asks for {package.version}",
                remedy=f"use a release or a package source that has {name} {package.version}, or relax packages.{name}.version",
            )
        )
    crun, podman = upstream(state.installed.get("crun", "")), upstream(state.podman())
    if crun and podman and podman.major >= 5 and (crun.major, crun.minor, crun.micro) < (1, 14, 3):
        refusals.append(
            Refusal(
                id="packages:crun:version",
                title=f"crun {crun} is too old for Podman {podman}",
                reason="Podman 5 writes OCI spec 1.2, which crun refuses before 1.14.3 ('unknown version specified')",
                remedy="install crun 1.14.3 or newer, or set engine.engine.runtimes to a newer one",
            )
        )
    return tuple(refusals)


def _no_manager(missing: tuple[str, ...], platform: Platform) -> Refusal:
    return Refusal(
        id="packages:install:names",
        title=f"{', '.join(missing)} cannot be installed here",
        reason=f"podstead does not know the package manager or the package names for {platform.name}",
        remedy="install them by hand, then run podstead again",
    )


def _from_state(spec: HostSpec, state: HostState, _allowed: frozenset[str]) -> Outcome:
    return plan(spec, state.packages, state.platform) + plan_helpers(spec, state.packages, state.platform)


PART: Final = Part(
    name="packages",
    does="installs Podman and what this version needs",
    phases=(Phase.PACKAGES,),
    about=lambda spec: tuple(spec.packages),
    # what components_needed asks for is in no document; these are what changes and refusals name of it
    names=lambda spec: (*spec.packages, *_CAPABILITIES, "crun"),
    plan=_from_state,
    changes=(
        Meaning(
            id="packages:install:names",
            title="install Podman and what this version needs",
            why="Distributions only recommend the uid-map tools, the network tool and the session bus; without them rootless Podman fails.",
            remedy="apt-get install podman uidmap dbus-user-session passt (Podman 5) or slirp4netns (Podman 4)",
            sources=("podman rootless_tutorial.md",),
        ),
        Meaning(
            id="packages:NAME:version",
            title="a package does not have the version that the document asks for",
            why="podstead installs what the host's own package sources offer and never adds a source.",
            remedy="Use a release or a package source that has this version, or relax packages.NAME.version.",
            sources=("PEP 440",),
        ),
        Meaning(
            id="packages:NAME:privileges",
            title="give newuidmap or newgidmap its privileges back",
            why=(
                "Without the setuid bit and without file capabilities the helpers cannot write an ID map. They get back what their "
                "package gives them: the setuid bit, or a file capability on Fedora and its relatives, never both."
            ),
            remedy="chmod 4755 /usr/bin/newuidmap (Fedora: setcap cap_setuid+ep /usr/bin/newuidmap)",
            sources=("newuidmap(1)", "podman#2788"),
        ),
    ),
)
