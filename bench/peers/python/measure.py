"""Runs a command and tells what it took, with all processes that it started, seen from outside.

In: JSON in the one argument, {command: [str], seconds: limit, mebibytes: limit}. Out: what the
command prints, then a line of JSON {seconds, cpu, peak, exit, stopped}: the wall time until the
command ended; CPU seconds (user and system) of all its processes; the most resident memory that
they had together, in MiB; stopped: null, "time" or "memory". Linux only.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
PAGE = os.sysconf("SC_PAGE_SIZE")
# A look costs 0.1 ms, one for new processes some milliseconds.
LOOK, LOOK_FOR_NEW = 0.1, 0.5
# For those that outlive the command: Spark's JVM ends when it sees that Python is gone.
LAST = 15


def descendants():
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                parents[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
        except OSError:
            pass  # It ended.
    found, before = {os.getpid()}, 0
    while before != len(found):
        before = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found - {os.getpid()}


def resident(pid):
    try:
        with open(f"/proc/{pid}/statm") as statm:
            return int(statm.read().split()[1]) * PAGE / 2**20
    except OSError:
        return 0


def end_all():
    for pid in descendants():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Watch(threading.Thread):
    """Knows the peak, and ends what takes too long or too much."""

    def __init__(self, seconds, mebibytes):
        super().__init__(daemon=True)
        self.until = time.monotonic() + seconds
        self.mebibytes = mebibytes
        self.peak, self.stopped = 0, None

    def run(self):
        known, next_look = set(), 0
        while True:
            if time.monotonic() >= next_look:
                known, next_look = descendants(), time.monotonic() + LOOK_FOR_NEW
            now = sum(map(resident, known))
            self.peak = max(self.peak, now)
            if now > self.mebibytes:
                self.stopped = self.stopped or "memory"
            if time.monotonic() > self.until:
                self.stopped = self.stopped or "time"
            if self.stopped:
                end_all()
            time.sleep(LOOK)


def main():
    asked = json.loads(sys.argv[1])
    prctl = ctypes.CDLL(None).prctl
    # Processes whose parent ends become ours, so that their CPU seconds are told to us, too.
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # Whoever asked is gone: so are we, and the command.
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: (end_all(), os._exit(1)))
    watch = Watch(asked["seconds"], asked["mebibytes"])
    watch.start()
    started = time.perf_counter()
    command = asked["command"]
    child = os.posix_spawnp(command[0], command, os.environ)
    ended = 0
    while ended != child:
        ended, status = os.wait()
    seconds = time.perf_counter() - started
    stopped = watch.stopped
    last = threading.Timer(LAST, end_all)
    last.start()
    try:
        while True:
            os.wait()
    except ChildProcessError:
        last.cancel()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = {
        "seconds": seconds,
        "cpu": used.ru_utime + used.ru_stime,
        # Of one process the kernel knows the peak between two looks, too.
        "peak": max(watch.peak, used.ru_maxrss / 1024),
        "exit": os.waitstatus_to_exitcode(status),
        "stopped": stopped,
    }
    print(json.dumps(told), flush=True)


main()
