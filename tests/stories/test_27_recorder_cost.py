"""What the flight recorder costs: instructions of a call with it and without."""
import os
import re
import subprocess

import pytest

from lib.house import BIN

PROGRAM = BIN.parent / "sipd/record_test"
FEW, MANY, RUNS = 20, 420, 3
LIMIT = 0.035           # 3 % is wanted; leases made the rest of a call a tenth cheaper


def collected(calls, size, directory):
    """Instructions in the loop of a sipd that handles so many calls."""
    r = subprocess.run(["valgrind", "--tool=callgrind", "--toggle-collect=loop_once*",
                        f"--callgrind-out-file={directory}/out", PROGRAM], text=True, timeout=240,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                       env=os.environ | {"CALLS": str(calls), "RECORDER_SIZE": size})
    assert r.returncode == 0, r.stderr
    return int(re.search(r"Collected : (\d+)", r.stderr)[1])


def per_call(size, directory):
    """Timers run by the clock, also of a machine that is busy: the fewest are those of calls."""
    few, many = (min(collected(n, size, directory) for _ in range(RUNS)) for n in (FEW, MANY))
    return (many - few) / (MANY - FEW)


@pytest.mark.long
def test_cost(tmp_path):
    without, with_it = per_call("0", tmp_path), per_call("64m", tmp_path)
    share = with_it / without - 1
    print(f"\ninstructions of a call (14 messages): {without:.0f} without the recorder, {with_it:.0f} with it: "
          f"{share:.2%} (limit {LIMIT:.0%})")
    assert share <= LIMIT
