# SPDX-License-Identifier: MIT
"""GDB commands that know the kernel: source this file, then `help user-defined` or k-<Tab>.

The same on both architectures: what differs is read from the kernel's types (which members a
trap frame has) and from the port's layout.h.
"""
import contextlib
import pathlib
import re

import gdb

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
POINTER = 8
PAGE_SHIFT = 12


# --- reading the kernel ---

def lookup(name):
    return gdb.parse_and_eval(name)


def type_of(name):
    return gdb.lookup_type(name)


def is_amd64():
    return any(field.name == "rip" for field in type_of("struct trapframe").fields())


def layout(name):
    arch = "amd64" if is_amd64() else "arm64"
    text = (TOP / f"kernel/arch/{arch}/include/arch_impl/layout.h").read_text()
    return int(re.search(rf"#define {name}\s+(0x[0-9a-f]+)", text)[1], 16)


def word_at(address):
    return int.from_bytes(gdb.selected_inferior().read_memory(address, POINTER), "little")


def text_of(value):
    """A char array or pointer as text."""
    try:
        return value.string(errors="replace")
    except (gdb.error, UnicodeError):
        return "?"


def offset_of(type_name, member):
    """Bytes from the start of the struct to a.b.c."""
    offset, at = 0, type_of(type_name)
    for part in member.split("."):
        field = next(f for f in at.strip_typedefs().fields() if f.name == part)
        offset += field.bitpos // 8
        at = field.type
    return offset


def container(address, type_name, member):
    pointer = gdb.Value(int(address) - offset_of(type_name, member))
    return pointer.cast(type_of(type_name).pointer()).dereference()


def last(count, items):
    return items[max(0, len(items) - count):]


def each(head, type_name, member):
    """Every struct that a kernel list links by @member; a list that nobody made yet is empty."""
    node = head["next"]
    while int(node) and int(node) != int(head.address):
        yield container(node, type_name, member)
        node = node["next"]


def each_of_tree(root, type_name, member):
    """In order."""
    above, node = [], root["node"]
    while above or int(node):
        while int(node):
            above.append(node)
            node = node["left"]
        node = above.pop()
        yield container(node, type_name, member)
        node = node["right"]


def each_cpu():
    cpus = lookup("cpus")
    for i in range(int(lookup("cpu_count"))):
        if int(cpus[i]):
            yield cpus[i].dereference()


def of_cpu(name, cpu):
    """A CPU's copy of a DEFINE_PER_CPU variable."""
    variable = lookup(name)
    address = int(variable.address) + int(cpu["percpu_offset"]) & (1 << 64) - 1
    return gdb.Value(address).cast(variable.type.pointer()).dereference()


def enum_name(type_name, value, prefix):
    for field in type_of(type_name).fields():
        if field.enumval == int(value):
            return field.name.removeprefix(prefix).lower()
    return str(int(value))


def each_task():
    """Idle tasks first, then the kernel's threads, which have no number; then all that have one."""
    for cpu in each_cpu():
        if int(cpu["idle"]):
            yield cpu["idle"].dereference()
    for thread in each(lookup("'kthread.c'::threads"), "struct kthread", "link"):
        if int(thread["task"]):
            yield thread["task"].dereference()
    yield from each(lookup("all_tasks"), "struct task", "all_link")


def find_task(number):
    """A task by its number; one that has none, by the address of its struct task."""
    for task in each_task():
        if number and number in (int(task["tid"]), int(task.address)):
            return task
    raise gdb.GdbError(f"no task {number:#x}" if number >> 32 else f"no task {number}")


def pid_of(task):
    return int(task["process"]["pid"]) if int(task["process"]) else 0


def cpu_running(task):
    for cpu in each_cpu():
        if int(cpu["running"]) == int(task.address):
            return int(cpu["id"])
    return None


# --- stacks ---

def symbolise(pc):
    block = gdb.block_for_pc(pc)
    while block and not block.function:
        block = block.superblock
    line = gdb.find_pc_line(pc)
    where = f" at {line.symtab.filename}:{line.line}" if line.symtab else ""
    if block:
        return f"{block.function.name}+{pc - block.start:#x}{where}"
    text = gdb.execute(f"info symbol {pc:#x}", to_string=True).split(" in section")[0].strip()
    return text.replace(" ", "") if "No symbol" not in text else "?"


def saved_registers(task):
    """pc and frame pointer of a task that does not run, from what its switch pushed."""
    field = "rsp" if is_amd64() else "sp"
    frame = gdb.Value(int(task["arch"][field])).cast(type_of("struct switch_frame").pointer())
    return int(frame["pc"]), int(frame["rbp" if is_amd64() else "fp"])


def registers_of_cpu(cpu):
    """pc and frame pointer of a CPU: QEMU shows each as a thread."""
    before = gdb.selected_thread()
    try:
        for thread in gdb.selected_inferior().threads():
            if thread.num == cpu + 1:
                thread.switch()
                frame = gdb.newest_frame()
                fp = frame.read_register("rbp" if is_amd64() else "x29")
                return frame.pc(), int(fp) & (1 << 64) - 1
    finally:
        before.switch()
    raise gdb.GdbError(f"GDB has no thread for CPU {cpu}")


def walk(pc, fp):
    """Return addresses by frame records, which both ABIs lay out alike."""
    yield pc
    for _ in range(64):
        if fp < layout("USER_END") or fp % POINTER:
            return
        try:
            up, ret = word_at(fp), word_at(fp + POINTER)
        except gdb.MemoryError:
            return
        if not ret:
            return
        yield ret
        if up <= fp:
            return
        fp = up


def stack_of(task):
    cpu = cpu_running(task)
    return walk(*(saved_registers(task) if cpu is None else registers_of_cpu(cpu)))


def wait_place(task):
    """The first function of a sleeper that is not the scheduler's."""
    own = ("switch", "sched", "wait_", "mutex_", "rwmutex_", "sleep_", "completion_")
    name = "?"
    for i, pc in enumerate(stack_of(task)):
        if pc < layout("USER_END"):
            return "(user mode)"
        name = symbolise(pc - (i > 0)).partition("+")[0]
        if not name.startswith(own) and name not in ("arch_switch", "reschedule"):
            break
    return name


# --- files and memory ---

def path_of(path):
    dentry, mount, names = path["dentry"], path["mount"], []
    root = lookup("kernel_root")
    if not int(dentry):
        return ""
    for _ in range(256):
        if int(dentry) == int(root["dentry"]) and int(mount) == int(root["mount"]):
            break
        if int(mount) and int(dentry) == int(mount["root"]):
            if not int(mount["parent"]):
                break
            dentry, mount = mount["mountpoint"], mount["parent"]
            continue
        if int(dentry) == int(dentry["parent"]):
            break
        names.append(text_of(dentry["name"]))
        dentry = dentry["parent"]
    return "/" + "/".join(reversed(names))


def file_name(file):
    if int(file["name"]):
        return text_of(file["name"])
    name = path_of(file["path"])
    if name in ("", "/") and int(file["inode"]) and int(file["inode"]["mode"]) >> 12 == 1:
        return f"pipe:[{int(file['inode']['ino'])}]"
    return name or "?"


def prot_text(prot, shared=None):
    text = "".join(c if prot & 1 << i else "-" for i, c in enumerate("rwx"))
    return text + ("" if shared is None else "s" if shared else "p")


def page_walk(root, va):
    """(level, entry) from the root on, until it is absent or a leaf."""
    physmap = layout("PHYSMAP_BASE")
    table = root
    for level in (3, 2, 1, 0):
        entry = word_at(physmap + table + 8 * (va >> PAGE_SHIFT + 9 * level & 511))
        yield level, entry
        if is_amd64():
            is_leaf, present = level == 0 or entry & 0x80, entry & 0x201
        else:
            is_leaf, present = level == 0 or not entry & 2, entry & (1 | 1 << 55)
        if not present or is_leaf:
            return
        table = entry & 0x000ffffffffff000


@contextlib.contextmanager
def eyes_of_the_kernel():
    """QEMU translates as the selected CPU would: one of ARM64 that runs a program (exception
    level 0) sees nothing of the kernel.  It is given level 1 for as long as we look."""
    thread = gdb.selected_thread()
    cpsr = 0xf if is_amd64() else int(gdb.parse_and_eval("$cpsr")) & 0xffffffff
    if cpsr & 0xf:
        yield
        return
    gdb.execute(f"set $cpsr = {cpsr | 5:#x}")
    try:
        yield
    finally:
        thread.switch()
        gdb.execute(f"set $cpsr = {cpsr:#x}")


class Command(gdb.Command):
    """A k- command; the docstring is its help."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_USER)

    def invoke(self, text, from_tty):
        del from_tty
        if not gdb.selected_thread():
            raise gdb.GdbError("there is no machine, or it has ended")
        try:
            words = [gdb.parse_and_eval(word) for word in gdb.string_to_argv(text)]
            with eyes_of_the_kernel():
                self.run(*[int(word) & (1 << 64) - 1 for word in words])
        except TypeError:
            raise gdb.GdbError("usage: " + (self.__doc__ or "").strip()) from None


class Tasks(Command):
    """k-tasks: every task: number, process, state, CPU, name, address, where it is."""

    def run(self):
        print(f"{'TID':>5} {'PID':>5} {'STATE':9} {'CPU':>3} {'NAME':16} {'ADDRESS':18} WHERE")
        for task in each_task():
            running = cpu_running(task)
            state = "on cpu" if running is not None else enum_name("enum task_state",
                                                                   task["state"], "TASK_")
            print(f"{int(task['tid']):5} {pid_of(task):5} {state:9} {int(task['se']['cpu']):3} "
                  f"{text_of(task['name']):16} {int(task.address):#x} {wait_place(task)}")


class Stack(Command):
    """k-stack TID|ADDRESS: the kernel stack of a task, running or not."""

    def run(self, tid):
        for i, pc in enumerate(stack_of(find_task(tid))):
            print(f"  {pc:#018x} {symbolise(pc - (i > 0))}")


class Maps(Command):
    """k-maps TID: the areas of its address space."""

    def run(self, tid):
        space = find_task(tid)["as"]
        if not int(space):
            raise gdb.GdbError(f"task {tid} has no address space")
        for area in each_of_tree(space["areas"], "struct area", "node"):
            flags = int(area["flags"])
            name = file_name(area["file"].dereference()) if int(area["file"]) else \
                "[stack]" if flags & 0x2000 else "[heap]" if flags & 0x4000 else ""
            print(f"{int(area['start']):012x}-{int(area['end']):012x} "
                  f"{prot_text(flags, flags & 0x100)} {int(area['offset']):08x} {name}")


class Files(Command):
    """k-files TID: its open descriptors."""

    def run(self, tid):
        files = find_task(tid)["files"]
        if not int(files):
            raise gdb.GdbError(f"task {tid} has no descriptors")
        for fd in range(int(files["max"])):
            file = files["fd"][fd]
            if int(file):
                print(f"{fd:4} {prot_text(int(file['mode']) & 3)[:2]} pos {int(file['pos']):<8} "
                      f"{file_name(file.dereference())}")


class Mounts(Command):
    """k-mounts: what is mounted where."""

    def run(self):
        for mount in each(lookup("'mount.c'::mounts"), "struct mount", "link"):
            where = path_of({"dentry": mount["root"], "mount": mount.address})
            print(f"{text_of(mount['source'])} {where} {text_of(mount['sb']['type']['name'])} "
                  f"{'ro' if int(mount['flags']) & 1 else 'rw'}")


class PageTable(Command):
    """k-pt ADDRESS [TID]: the page-table walk, of the kernel's space or a task's."""

    def run(self, va, tid=0):
        half = 1 << (47 if is_amd64() else 48)
        if half <= va < (1 << 64) - half:
            raise gdb.GdbError(f"no CPU translates {va:#x}: it is in neither half")
        if va >= half:
            root = lookup("kernel_mmu")["root"]
            if not int(root):
                raise gdb.GdbError("the kernel has no page tables of its own yet")
        elif tid:
            space = find_task(tid)["as"]
            if not int(space):
                raise gdb.GdbError(f"task {tid} has no address space")
            root = space["mmu"]["root"]
        else:
            raise gdb.GdbError("a user address needs a task: k-pt ADDRESS TID")
        for level, entry in page_walk(int(root), va):
            print(f"level {level}: {entry:#018x}")
        present = entry & (0x201 if is_amd64() else 1 | 1 << 55)
        if not present:
            print("not mapped")
            return
        page = entry & 0x000ffffffffff000
        size = 1 << PAGE_SHIFT + 9 * level
        print(f"physical {(page & -size) + (va & size - 1):#x}, a page of {size >> 10} KiB")


class Locks(Command):
    """k-locks: the locks that each task holds (kernels of make DEBUG=1 know)."""

    def run(self):
        held = 0
        for task in each_task():
            for i in range(min(int(task["held"]["depth"]), 15)):
                held += 1
                lock = int(task["held"]["lock"][i])
                print(f"{int(task['tid']):5} {text_of(task['name']):16} "
                      f"{enum_name('enum lock_rank', task['held']['rank'][i], 'LOCK_RANK_'):10} "
                      f"{lock:#x}")
        if not held:
            print("none; only the kernel of make DEBUG=1 keeps book")


class RunQueues(Command):
    """k-runq: what each CPU runs and what waits for it."""

    def run(self):
        for cpu in each_cpu():
            rq = cpu["rq"]
            if not int(rq):
                continue
            print(f"CPU {int(cpu['id'])}: runs {text_of(cpu['running']['name'])!r}, "
                  f"{int(rq['nr_running'])} runnable, {int(rq['switches'])} switches")
            queued = list(each_of_tree(rq["fair"]["root"], "struct task", "se.node"))
            for i in range(100):
                queued += each(rq["rt"][i], "struct task", "se.rt_link")
            for task in queued:
                print(f"  {int(task['tid']):5} {text_of(task['name']):16} "
                      f"vruntime {int(task['se']['vruntime'])} nice {int(task['se']['nice'])}")


class Trace(Command):
    """k-trace [N]: the last N (40) trace events of all CPUs, in order of time."""

    FORMATS = dict(re.findall(r'X\((\w+),\s*"([^"]*)"\)',
                              (TOP / "kernel/include/gemel/trace.h").read_text()))

    @staticmethod
    def number(value, kind):
        return f"{value:x}" if kind == "x" else \
            str(value - (1 << 64) if kind == "d" and value >> 63 else value)

    @staticmethod
    def events():
        for cpu in each_cpu():
            ring = of_cpu("trace_rings", cpu)
            size = ring["entries"].type.range()[1] + 1
            head = int(ring["head"])
            for at in range(max(0, head - size), head):
                entry = ring["entries"][at % size]
                yield int(entry["cycles"]), int(cpu["id"]), entry

    def run(self, count=40):
        start = int(lookup("boot_info")["entry_cycles"])
        hz = int(lookup("tsc_hz" if is_amd64() else "counter_hz")) or 1
        for cycles, cpu, entry in last(count, sorted(self.events(), key=lambda e: e[0])):
            name = enum_name("enum trace_event", entry["event"], "TRACE_").upper()
            values = [int(entry["a"]), int(entry["b"])]
            text = re.sub(r"%l([uxd])", lambda m: self.number(values.pop(0), m[1]),
                          self.FORMATS.get(name, ""))
            print(f"{(cycles - start) / hz:11.6f} cpu {cpu} {int(entry['tid']):5} {name:10} {text}")


class Log(Command):
    """k-log [N]: the last N (40) lines of the kernel's log, printed or not."""

    def run(self, count=40):
        ring, head = lookup("'log.c'::ring"), int(lookup("'log.c'::ring_head"))
        size = ring.type.range()[1] + 1
        data = bytes(gdb.selected_inferior().read_memory(int(ring.address), size))
        begin = head % size
        text = data[:head] if head <= size else data[begin:] + data[:begin]
        lines = text.decode(errors="replace").splitlines()[head > size:]
        for line in last(count, lines):
            print(line[1:])


for name, command in (("tasks", Tasks), ("stack", Stack), ("maps", Maps), ("files", Files),
                      ("mounts", Mounts), ("pt", PageTable), ("locks", Locks),
                      ("runq", RunQueues), ("trace", Trace), ("log", Log)):
    command("k-" + name)
