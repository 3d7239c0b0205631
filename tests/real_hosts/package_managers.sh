# The real dnf, zypper and pacman, as Debian ships them, with one small package in a local repository each.
# Runs in a private mount namespace under a throw-away overlay of the machine: "$1" a folder for it, "$2" Python.
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for d in proc sys dev run; do mount --rbind "/$d" "$1/root/$d"; done
cd "$1/root"
mkdir -p old
pivot_root . old
umount -l /old
{
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends dnf zypper pacman-package-manager makepkg libarchive-tools zstd \
        createrepo-c rpm
} >&2
R=/podstead-repository
mkdir -p $R/rpm $R/pacman /etc/yum.repos.d /etc/zypp/repos.d /etc/rpm
here=$3
cd $R
# Debian's rpm looks into the caller's home, zypper into the usual place
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros.podstead
cat >probe.spec <<'S'
Name: podstead-probe
Version: 4.3.1
Release: 2
Epoch: 5
Summary: Nothing
License: Apache-2.0
BuildArch: noarch
%description
Nothing.
%files
S
rpmbuild -bb --define "_rpmdir $R/rpm" probe.spec >&2
createrepo_c -q rpm
printf '[probe]\nname=probe\nbaseurl=file://%s/rpm\nenabled=1\ngpgcheck=0\n' $R >/etc/yum.repos.d/probe.repo
cp /etc/yum.repos.d/probe.repo /etc/zypp/repos.d/
printf 'pkgname = podstead-probe\npkgver = 5:4.3.1-2\npkgdesc = Nothing\narch = any\n' >pacman/.PKGINFO
(
    cd pacman
    tar --force-local -czf podstead-probe-5:4.3.1-2-any.pkg.tar.gz .PKGINFO
    repo-add -q probe.db.tar.gz ./podstead-probe-*.pkg.tar.gz >&2
)
printf '[options]\nSigLevel = Never\nArchitecture = auto\n[probe]\nServer = file://%s/pacman\n' $R >/etc/pacman.conf
pacman -Sy >&2

cd "$here"
hide() { for t in "$@"; do mount --bind /dev/null "$(command -v "$t")"; done; }
# a host has one package manager: the others are made to look absent
hide dpkg-query zypper pacman
"$2" -m tests.real_hosts.package_managers dnf
rpm -e podstead-probe >&2
umount /usr/bin/zypper
"$2" -m tests.real_hosts.package_managers zypper
umount /usr/bin/pacman
hide rpm zypper dnf
"$2" -m tests.real_hosts.package_managers pacman
