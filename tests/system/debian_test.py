#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs of Debian's packages, unmodified, do their everyday work.

Each scenario is a script of the guest's shell and what it must print, exactly; all run in one
guest of an architecture, each in a new directory, without anything between them but the shell.
"""
import sys

from debian import command_in_debian
from system import Failure, expect_equal, main

TIMEOUT_S = 300

SCENARIOS = {
    "dash": (r"""
dash -c 'f() { echo "$1-$2"; }; set -- a b; f "$@"; (exit 3); echo $?; x=$(echo in | cat); echo $x
trap "echo trapped" USR1; kill -USR1 $$; for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done
sleep 100 & kill $!; wait $!; echo $?'
""", "a-b\n3\nin\ntrapped\n1\n3\nTerminated\n143\n"),
    "bash": (r"""
bash -c 'a=(x y z); echo ${#a[@]} ${a[-1]}; declare -A m=([k]=v); echo ${m[k]}
diff <(printf "1\n2\n") <(printf "1\n3\n"); echo "${PIPESTATUS[@]}"; true | false | (exit 5)
echo "${PIPESTATUS[@]}"; coproc cat; echo through >&${COPROC[1]}; read -r line <&${COPROC[0]}
echo $line; read -t 0.1 x < <(sleep 5); echo $((  $? > 128 )); printf "%s\n" {a..c}{1,2} | wc -l'
""", "3 z\nv\n2c2\n< 2\n---\n> 3\n1\n0 1 5\nthrough\n1\n6\n"),
    "coreutils": (r"""
mkdir -p d/e; echo one >d/a; ln d/a d/b; ln -s a d/c; mkfifo d/p; chmod 640 d/a
touch -d '2001-02-03 04:05:06 UTC' d/a; cp -a d copy; stat -c '%A %h %s %Y' copy/a
readlink copy/c; stat -c %F copy/p; mv copy moved; rm -r d; ls -1 moved
seq 5 | tac | paste -sd,; printf 'b\na\nb\n' | sort | uniq -c | sed 's/^ *//'
dd if=/dev/zero bs=1k count=64 2>/dev/null | sha256sum | cut -c1-16; head -c 5 /dev/zero | od -An -tx1
timeout 0.2 sleep 10; echo $?; truncate -s 1M big; du -k --apparent-size big | cut -f1
seq 100000 | shuf --random-source=/dev/zero | sort -n --parallel=4 -S 1M | md5sum | cut -c1-8
seq 100000 | md5sum | cut -c1-8; env -i A=b env; nproc | grep -c '[1-9]'; date -u -d @86400 +%F
""", "-rw-r----- 2 4 981173106\na\nfifo\na\nb\nc\ne\np\n5,4,3,2,1\n1 a\n2 b\n"
     "de2f256064a0af79\n 00 00 00 00 00\n124\n1024\n"
     "dea9193b\ndea9193b\nA=b\n1\n1970-01-02\n"),
    "text_tools": (r"""
mkdir t; for i in 1 2 3; do seq $i >t/f$i; done; grep -rc 2 t | sort
find t -name 'f*' -size -1k -o -newer /etc/passwd -type f | sort | xargs -n 2 echo
find t -type f -print0 | xargs -0 -P 3 -I{} sh -c 'wc -l <{}' | sort; awk '{s+=$1} END {print s}' t/*
sed -n 's/2/two/p' t/f3; tar -czf t.tgz t; gzip -t t.tgz; mkdir x; tar -xzf t.tgz -C x; diff -r t x/t
gzip -9 <t/f3 | gunzip | cmp - t/f3 && echo same
""", "t/f1:0\nt/f2:1\nt/f3:1\nt/f1 t/f2\nt/f3\n1\n2\n3\n10\ntwo\nsame\n"),
    "perl": (r"""
perl -MPOSIX -e 'pipe(R, W); if (!fork) { close R; print W "child"; exit 7 } close W; print <R>, "\n";
wait; print $? >> 8, "\n"; $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; sleep 30 }; print $@;
open F, "<", "/etc/hostname"; print <F>; print join(",", sort { $a <=> $b } map { $_ * 2 } 3, 1, 2), "\n"'
""", "child\n7\nalarm\ngemel\n2,4,6\n"),
    "lua": (r"""
lua5.4 -e 'local p = io.popen("echo from a pipe"); print(p:read("a"):upper()); print(p:close())
print(string.format("%5.2f %s", 3.14159, table.concat({1, 2, 3}, "-")))'
""", "FROM A PIPE\n\ntrue\texit\t0\n 3.14 1-2-3\n"),
    "sqlite3": (r"""
sqlite3 db 'pragma journal_mode=wal; create table t(a integer primary key, b text);
with recursive n(i) as (select 1 union all select i+1 from n where i < 2000)
insert into t select i, hex(i) from n; select count(*), sum(a), max(b) from t;'
sqlite3 db 'begin; delete from t; rollback; select count(*) from t; pragma integrity_check;'
""", "wal\n2000|2001000|393939\n2000\nok\n"),
    "tcc_and_make": (r"""
cat >main.c <<'END'
#include <stdio.h>
#include <pthread.h>
static void *body(void *arg) { return (char *)arg + 41; }
int main(void) { pthread_t t; void *r; pthread_create(&t, 0, body, (void *)1); pthread_join(t, &r);
	printf("%ld\n", (long)r); return 0; }
END
printf 'all: a b prog\na b:\n\t@echo $@ >$@\nprog: main.c\n\t@tcc -o $@ $< -lpthread\n' >Makefile
make -j3; cat a b; ./prog; tcc -run main.c; make -q && echo done
""", "a\nb\n42\n42\ndone\n"),
    "python": (r"""
python3 - <<'END'
import json, multiprocessing, os, select, signal, subprocess, tempfile, threading
print(json.loads(subprocess.run(["echo", '{"a": [1, 2]}'], capture_output=True).stdout)["a"])
with multiprocessing.get_context("fork").Pool(3) as pool:
    print(sum(pool.map(abs, range(-50, 50))))
r, w = os.pipe()
threading.Timer(0.1, os.write, (w, b"late")).start()
print(select.select([r], [], [], 30)[0] == [r], os.read(r, 9))
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
signal.setitimer(signal.ITIMER_REAL, 0.05)
print(signal.sigwait({signal.SIGALRM}).name)
try:
    import socket
    socket.socket()
except OSError as error:
    print(error.strerror)
END
""", "[1, 2]\n2500\nTrue b'late'\nSIGALRM\nAddress family not supported by protocol\n"),
    "full_screen": (r"""
python3 - <<'END'
import fcntl, os, pty, struct, termios
def drive(command, *steps):
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        os.execvpe(command[0], command, os.environ | {"TERM": "xterm", "HOME": os.getcwd()})
    seen = b""
    for wanted, keys in steps:
        while wanted not in seen:
            seen += os.read(fd, 4096)
        seen = seen.partition(wanted)[2]
        os.write(fd, keys)
    try:
        while os.read(fd, 4096):
            pass
    except OSError:
        os.close(fd)
    print(command[0], os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
with open("numbers", "w") as f:
    f.write("".join(f"line {i}\n" for i in range(1000)))
drive(["less", "numbers"], (b"line 22", b"G"), (b"line 999", b"?line 57$\r"), (b"line 57\x1b", b"q"))
drive(["nano", "by_nano"], (b"[ New File ]", b"some text\r"), (b"some text", b"\x0f"),
      (b"File Name to Write", b"\r"), (b"Wrote 2 lines", b"\x18"))
drive(["vim.tiny", "by_vim"], (b"[New]", b"ione\rtwo\x1b:%s/o/0/g\r"), (b"tw0", b":wq\r"))
drive(["htop"], (b"Load average", b""), (b"Quit", b"q"))
drive(["bash", "--norc"], (b"# ", b"ps -o tty= -p $$; tty\r"),
      (b"\rpts/0\r\n/dev/pts/0", b"exit 3\r"))
END
cat by_nano by_vim
""", "less 0\nnano 0\nvim.tiny 0\nhtop 0\nbash 3\nsome text\n\n0ne\ntw0\n"),
    "procps": (r"""
sleep 50 & until ps -o comm=,state= -p $! | tr -s ' ' | grep '^sleep S'; do :; done
pgrep -c -P $$ sleep; kill $!; wait $! 2>/dev/null
ps -e -o pid= | head -1 | tr -d ' '; ps -o tty= -p $$ | sed 's/AMA/S/'; free -k | awk 'NR == 2 { print ($2 > 700000 && $3 < $2) }'
top -b -n 1 | grep -c 'init$'; vmstat | wc -l; uptime | grep -c 'load average'
awk '{ print ($1 > 0) }' /proc/uptime; pgrep -x init; sysctl -n kernel.ostype
""", "sleep S\n1\n1\nttyS0\n1\n1\n3\n1\n1\n1\nLinux\n"),
    "util_linux": (r"""
mkdir m; mount -t tmpfs none m && findmnt -n -o FSTYPE "$PWD/m"; mountpoint -q m && umount m
flock f sh -c 'flock -n f true; echo $?'; setsid -w sh -c 'echo $(($(ps -o sid= -p $$) == $$))'
nice -n 5 nice; taskset -c 0 nproc; prlimit --nofile=64:64 sh -c 'ulimit -n'; rev <<<abc
getopt -o ab: -- -b x -a y; mcookie | wc -c; dmesg | wc -l | grep -c '[1-9]'
lscpu -p=cpu,core,socket,online | grep -v '#' | head -2; lscpu -p=online | grep -c Y | cmp - <(nproc)
""", "tmpfs\n1\n1\n5\n1\n64\ncba\n -b 'x' -a -- 'y'\n33\n1\n0,0,0,Y\n1,1,0,Y\n"),
}


def script():
    parts = [f"""
echo '@@ {name}'
mkdir /var/tmp/{name} && cd /var/tmp/{name} && bash <<'THE END' 2>&1
{text}
THE END
""" for name, (text, _) in SCENARIOS.items()]
    return "".join(parts) + "echo '@@'\n"


def tests():
    """Test functions, one for each scenario."""
    runs = {}

    def make(name):
        def test(arch):
            if arch not in runs:
                runs[arch] = command_in_debian(arch, script(), TIMEOUT_S)
            status, output = runs[arch]
            _, start, rest = output.partition(f"@@ {name}\n")
            got, end, _ = rest.partition("@@")
            if not start or not end:
                raise Failure(f"did not come to its end (status {status}): {rest[-800:]!r}")
            expect_equal(SCENARIOS[name][1], got, "output")
        return test
    return {f"test_{name}": make(name) for name in SCENARIOS}


if __name__ == "__main__":
    sys.exit(main(tests()))
