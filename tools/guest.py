# SPDX-License-Identifier: MIT
"""The machines that Gemel runs on, for the tools that start them: QEMU, images, exit codes."""
import os
import pathlib
import platform
import re
import subprocess
from dataclasses import dataclass, field

TOP = pathlib.Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Machine:
    """One QEMU machine: its type, its processor, and how devices are attached."""
    type: str
    bus: str = "pci"            # or "mmio": the virtio transport


@dataclass(frozen=True)
class Arch:
    cpu: str                    # as in a compiler's target triple
    kernel: str                 # what QEMU loads, below build/ARCH/
    exit_args: tuple            # QEMU options that let a guest leave with a failing status ...
    exit_word: str              # ... and the kernel's word for them
    machines: dict = field(hash=False)      # the first is the default


ARCHES = {
    "amd64": Arch("x86_64", "kernel.elf",
                  ("-device", "isa-debug-exit,iobase=0xf4,iosize=0x4"), "exitport=0xf4",
                  {"q35": Machine("q35"),
                   "microvm": Machine("microvm,acpi=on,rtc=on,pit=off,pic=off", "mmio")}),
    "arm64": Arch("aarch64", "Image",
                  ("-semihosting-config", "enable=on,target=native"), "semihosting",
                  {"virt": Machine("virt,gic-version=3"),
                   "virt-gic2": Machine("virt,gic-version=2"),
                   "virt-mmio": Machine("virt,gic-version=3", "mmio")}),
}
ALIASES = {"x86_64": "amd64", "aarch64": "arm64"}


def arch_name(name):
    """For argparse: amd64 or arm64 from any of the four names."""
    name = ALIASES.get(name, name)
    if name not in ARCHES:
        raise ValueError(name)
    return name


def host_arch():
    return ALIASES.get(platform.machine(), "amd64")


def sbin_path():
    """mke2fs and its like stand where a user's PATH does not look."""
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def copy_image(source, target):
    subprocess.run(["cp", "--reflink=auto", "--sparse=always", source, target], check=True)


def debugfs(image, commands, change=True):
    """Run debugfs commands on an image; what they print.  Raises with its message if one fails."""
    done = subprocess.run(["debugfs", *(["-w"] if change else []), "-f", "-", image], text=True,
                          input="\n".join(commands) + "\n", capture_output=True, check=True,
                          env=dict(os.environ, PATH=sbin_path()))
    # debugfs always exits with 0.  Nothing to remove is no error, nor a name looked for in vain.
    noise = re.compile(r"debugfs \d|rm: File not found|\S+: File not found by ext2_lookup *$")
    errors = [line for line in done.stderr.splitlines() if line and not noise.match(line)]
    if errors:
        raise RuntimeError("debugfs: " + "; ".join(errors))
    return done.stdout


def add_to_image(image, host, guest):
    """Put a host file or directory at an absolute guest path, making directories as needed."""
    host, guest = pathlib.Path(host).absolute(), pathlib.PurePosixPath(guest)
    if not host.exists():
        raise RuntimeError(f"{host}: no such file")
    inside = sorted(host.rglob("*")) if host.is_dir() else []
    places = [(host, guest)] + [(path, guest / path.relative_to(host)) for path in inside]
    wanted = list(reversed(guest.parents))[1:] + [place for path, place in places if path.is_dir()]
    stats = debugfs(image, [f'stat "{place}"' for place in wanted], change=False)
    there = [re.search(r"Type: directory", part) is not None
             for part in stats.split("debugfs: stat ")[1:]]
    commands = [f'mkdir "{place}"' for place, exists in zip(wanted, there) if not exists]
    for path, place in places:
        if not path.is_dir():
            commands += [f'rm "{place}"', f'write "{path}" "{place}"']
    debugfs(image, commands)


def check_image(image):
    """None if e2fsck finds nothing to say against the image, else what it says."""
    done = subprocess.run(["e2fsck", "-fn", image], text=True, capture_output=True,
                          env=dict(os.environ, PATH=sbin_path()))
    return None if done.returncode == 0 else done.stdout + done.stderr


def qemu_command(arch, machine, smp, mem, cpu="max"):
    """The command line up to what boots: machine, processors, memory, no default devices.

    QEMU ends with whoever started it, also when that was killed without a chance to clean up.
    """
    spec = ARCHES[arch]
    return ["setpriv", "--pdeathsig", "KILL", f"qemu-system-{spec.cpu}",
            "-M", spec.machines[machine].type, "-cpu", cpu, "-smp", str(smp), "-m", str(mem), "-no-user-config", "-nodefaults",
            *spec.exit_args]


def repair_image(image):
    """Mend what a guest left that was not shut down; true if there was something.  Raises when
    e2fsck does not dare."""
    done = subprocess.run(["e2fsck", "-p", image], text=True, capture_output=True,
                          env=dict(os.environ, PATH=sbin_path()))
    if done.returncode > 2:
        raise RuntimeError(f"{image} is damaged; remove it, or mend it with e2fsck\n{done.stdout}")
    return done.returncode != 0


# One nanosecond of guest time an instruction, and no clock of the host in it.
ICOUNT_ARGS = ["-icount", "shift=0", "-rtc", "base=2026-01-01,clock=vm"]


def virtio(arch, machine, kind):
    """QEMU's name of a virtio device on this machine's bus."""
    return f"virtio-{kind}-" + ("pci" if ARCHES[arch].machines[machine].bus == "pci" else "device")


def drive_args(arch, machine, image, image_format="raw", read_only=False):
    option = ",readonly=on" if read_only else ""
    return ["-drive", f"file={image},format={image_format},if=none,id=disk0{option}",
            "-device", f"{virtio(arch, machine, 'blk')},drive=disk0"]


def net_args(arch, machine, kind):
    """A network card: none; behind QEMU's own network (user); on a tap device, which QEMU makes
    and which goes when it ends."""
    backend = {"none": None, "user": "user", "tap": "tap,script=no,downscript=no"}[kind]
    return [] if backend is None else ["-netdev", f"{backend},id=net0", "-device",
                                       f"{virtio(arch, machine, 'net')},netdev=net0"]


def gui_args(arch, machine):
    """QEMU's window, and what a person needs to use it."""
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise RuntimeError("--gui needs a graphical session (DISPLAY or WAYLAND_DISPLAY)")
    devices = [virtio(arch, machine, kind) for kind in ("gpu", "keyboard", "tablet")]
    return ["-display", "gtk", *(word for name in devices for word in ("-device", name))]
