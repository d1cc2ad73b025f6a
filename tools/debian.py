# SPDX-License-Identifier: MIT
"""What the scripts of Debian's packages would have done to a root, done by hand.

The packages are unpacked by `tools/setup debian ARCH` and stay as they are.  Nothing of theirs
runs on this machine, so the links of the alternatives system, the files that are made from
templates, and the empty ones that programs expect are made here, all of them.
"""
import shutil

from guest import TOP

# The alternatives that update-alternatives would have chosen: link, program.
ALTERNATIVES = {"awk": "mawk", "nawk": "mawk", "which": "which.debianutils", "pager": "less",
                "editor": "nano", "pico": "nano", "lua": "lua5.4", "luac": "luac5.4", "cc": "tcc",
                "vi": "vim.tiny", "view": "vim.tiny", "ex": "vim.tiny"}

# Templates that the packages bring: source, what it becomes.
TEMPLATES = {"usr/share/base-passwd/passwd.master": "etc/passwd",
             "usr/share/base-passwd/group.master": "etc/group",
             "usr/share/base-files/profile": "etc/profile",
             "usr/share/base-files/dot.bashrc": "root/.bashrc",
             "usr/share/base-files/dot.profile": "root/.profile",
             "usr/share/libc-bin/nsswitch.conf": "etc/nsswitch.conf",
             "usr/share/debianutils/shells": "etc/shells"}

EMPTY_FILES = ("etc/fstab", "etc/environment", "var/log/wtmp", "var/log/lastlog")
# Ours, not a template of a package: who the machine is.
OWN_FILES = ("hostname", "hosts")


def packages_root(arch):
    return TOP / "build/packages" / arch / "debian/root"


def make_alternatives(stage):
    for link, program in ALTERNATIVES.items():
        if not (stage / "usr/bin" / program).exists():
            raise FileNotFoundError(f"usr/bin/{program}, for the alternative {link}")
        place = stage / "etc/alternatives" / link
        place.symlink_to(f"/usr/bin/{program}")
        (stage / "usr/bin" / link).symlink_to(f"/etc/alternatives/{link}")


def fill_templates(stage):
    for source, target in TEMPLATES.items():
        shutil.copyfile(stage / source, stage / target)
    # As passwd's postinst leaves it, but root needs no password.
    passwd = stage / "etc/passwd"
    passwd.write_text(passwd.read_text().replace("root:*:", "root::", 1))


def stage_packages(arch, stage):
    """Debian's root of an architecture, finished, in the directory `stage`."""
    shutil.copytree(packages_root(arch), stage, symlinks=True, dirs_exist_ok=True)
    make_alternatives(stage)
    fill_templates(stage)
    for name in EMPTY_FILES:
        (stage / name).touch()
    for name in OWN_FILES:
        shutil.copyfile(TOP / "user/etc" / name, stage / "etc" / name)
