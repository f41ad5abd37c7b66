"""S27: the corpus cut at every length, and each octet of it replaced by eight
others, in the parsers' own process under the sanitizers."""
import os
import pathlib
import re
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = "build-san"
HARNESSES = ("sip", "header", "stream", "uri", "sdp", "stun")
SANITIZERS = 10         # so many times slower, and a harness parses each input several times
LIMIT_MS, INPUTS = 1.0, 1_500_000


def folders(name, corpus):
    """Seeds and folders of the corpus that a harness takes."""
    r = subprocess.run(["sh", "-c", f". tests/fuzz/families.sh; families {name}"], cwd=ROOT, text=True,
                       capture_output=True, check=True, env=os.environ | {"CORPUS": str(corpus)})
    return r.stdout.split()


@pytest.mark.long
def test_s27_every_cut_and_octet(corpus):
    programs = [f"{BUILD}/fuzz/{name}" for name in HARNESSES]
    subprocess.run(["make", "-j2", f"B={BUILD}", "SAN=address,undefined", *programs], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    inputs = 0
    for name, program in zip(HARNESSES, programs):
        begin = time.monotonic()
        r = subprocess.run([program, "-t", "-n", "1000000", *folders(name, corpus.absolute())], cwd=ROOT, text=True,
                           capture_output=True)
        assert r.returncode == 0, r.stderr[-6000:]
        runs = int(re.search(r"(\d+) runs", r.stdout).group(1))
        average = (time.monotonic() - begin) * 1000 / runs
        slowest = int(re.search(r"slowest: (\d+) us", r.stdout)[1]) / 1000
        print(f"\nS27 {name}: {runs} inputs, {average:.3f} ms each, {slowest:.2f} ms the slowest under sanitizers "
              f"(limit {LIMIT_MS * SANITIZERS:.0f}), 0 reports")
        assert average < LIMIT_MS and slowest < LIMIT_MS * SANITIZERS, r.stdout
        inputs += runs
    print(f"S27: {inputs} inputs in all (at least {INPUTS})")
    assert inputs >= INPUTS
