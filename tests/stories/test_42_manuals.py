"""The manuals: their examples run as they stand there, and the tables are in them."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from lib.house import BIN

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = sorted(p for room in ("sipctl", "sipctl/keeper", "sipd", "regd", "routed", "mediad", "gwregd")
               for p in (TOP / room).glob("*.[1578]"))


def page(path):
    """With the parts from the tables, as it is installed."""
    done = subprocess.run([TOP / "packaging/manual.sh", BIN / "sipctl", path], cwd=TOP, capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert '.\\" @' not in done.stdout
    return done.stdout


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_lint(path, tmp_path):
    whole = tmp_path / path.name
    whole.write_text(page(path))
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", whole], capture_output=True, text=True, timeout=60)
    ours = [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]
    assert not ours, "\n".join(ours)
    missing = [x for x in re.findall(r"^\.Xr (\S+ \d)", whole.read_text(), re.M)
               if x not in {f"{p.name[:-2]} {p.name[-1]}" for p in PAGES} | {"systemd 1"}]
    assert not missing, missing


def examples(text):
    """The lines behind "$ " of displays, in order."""
    return [line[2:].replace("\\e", "\\") for display in re.findall(r"^\.Bd -literal.*?^\.Ed", text, re.M | re.S)
            for line in display.splitlines() if line.startswith("$ ")]


@pytest.mark.parametrize("path", [p for p in PAGES if "$ " in p.read_text()], ids=lambda p: p.name)
def test_examples(path, houses, tmp_path):
    """In a directory of their own, on an address of their own, one after the other."""
    house = houses()
    env = {"PATH": f"{BIN}:/usr/bin:/bin:/usr/sbin", "CORDBOARD_DIR": str(house.dir), "LC_ALL": "C.UTF-8"}
    shutil.rmtree(house.dir)
    try:
        for command in examples(page(path)):
            command = command.replace("127.0.0.1:5071", f"{house.ip}:5071")
            done = subprocess.run(["sh", "-ec", command], env=env, cwd=tmp_path, capture_output=True, text=True,
                                  timeout=60)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    finally:
        subprocess.run([BIN / "sipctl", "-C", house.dir, "down"], capture_output=True, timeout=60)


def test_tables_are_there():
    text = page(TOP / "sipctl/sip.conf.5")
    settings = set(re.findall(r'^[A-Z_]*SETTING\((?:\w+, )?\w+,? ?"([a-z0-9-]+)"', (TOP / "common/settings.def")
                              .read_text(), re.M))
    shown = set(re.findall(r"^\.It Ic (\S+) Ar", text, re.M))
    assert len(settings) > 80 and settings <= shown, settings - shown
    commands = page(TOP / "sipctl/sipctl.1")
    helped = subprocess.run([BIN / "sipctl", "help"], capture_output=True, text=True, timeout=60).stdout
    names = re.findall(r"^  ([a-z]+(?: [a-z]+)?) {2,}", helped, re.M)
    assert len(names) > 40 and not [n for n in names if f".It Ic {n}" not in commands]


def complete(*words, home=None):
    env = os.environ | ({"CORDBOARD_DIR": str(home)} if home else {})
    return subprocess.run([BIN / "sipctl", "__complete", "--", *words], capture_output=True, text=True, env=env,
                          timeout=10).stdout.split()


def test_completion(house):
    assert {"reg", "reload", "restart"} <= set(complete("re"))
    assert {"add", "del", "list", "show"} <= set(complete("user", ""))
    assert complete("user", "show", "an", home=house.dir) == [f"anna@{house.domain}"]
    assert complete("-C", str(house.dir), "reg", "show", "be") == [f"bert@{house.domain}"]
    assert "timer-b" in complete("config", "describe", "timer")
    assert complete("trace", "--pc") == ["--pcap"]
    assert complete("config", "apply", "--retry", "gw") == ["gwregd"] and complete("config", "diff", "") == []
    assert complete("user", "show", "an", home="/nonexistent") == []


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_completion_in_bash(house):
    script = (f"source {TOP}/packaging/completion/sipctl.bash; COMP_WORDS=(sipctl reg show an); COMP_CWORD=3; "
              "_sipctl; printf '%s\\n' \"${COMPREPLY[@]}\"")
    env = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "CORDBOARD_DIR": str(house.dir)}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=env, timeout=10)
    assert done.stdout.split() == [f"anna@{house.domain}"], done
