"""What a process takes: wall seconds, CPU seconds, memory."""

import os
import subprocess
import tempfile
import time
from pathlib import Path


def peak_of(pid):
    """The most memory that a process has held, MiB; 0 where it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmHWM")), "- 0")
    return int(line.split()[1]) / 1024


def run(command, limit):
    """What a process took and printed; ended after `limit` wall seconds."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(command, stdout=out, stderr=err)
        peak, pid, over = 0.0, 0, False
        # What the system reports at the end has the memory of this process in it, from the fork.
        while pid == 0:
            time.sleep(0.005)
            peak = max(peak, peak_of(child.pid))
            if not over and time.perf_counter() - start > limit:
                over = True
                child.kill()
            pid, code, used = os.wait4(child.pid, os.WNOHANG)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(code)
        out.seek(0)
        err.seek(0)
        last = (err.read().strip().splitlines() or [""])[-1]
        status = "over" if over else "ran" if child.returncode == 0 else "failed"
        return {"status": status, "wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": peak}, out.read(), last
