"""docs/rows.md: each row of the specification has its setting, record or command, or is said to come later."""
import pathlib
import re
import subprocess

from lib.house import BIN

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/rows.md").read_text()
ROWS = [re.split(r" *\| *", line.strip("| ")) for line in re.findall(r"^\| \d.*$", TEXT, re.M)]
SPECIFIED = [str(n) for n in range(1, 191)] + ["80a", "80b", "80c", "80d", "140a", "140b", "140c", "167a", "167b"]
DEFINITIONS = (ROOT / "common/settings.def").read_text()


def numbers(cell):
    for part in cell.split(", "):
        first, _, last = part.partition("-")
        yield from map(str, range(int(first), int(last) + 1)) if last else [first]


def settings(prefix):
    """Names of the SETTING (or GATEWAY_SETTING ...) rows."""
    return set(re.findall(rf'^{prefix}\([^"]*"([a-z0-9-]+)"', DEFINITIONS, re.M))


def sipctl(*args, **how):
    return subprocess.run([BIN / "sipctl", *args], capture_output=True, text=True, timeout=10, **how)


def test_every_row_is_there_once():
    named = [n for row in ROWS for n in numbers(row[0])]
    assert sorted(named) == sorted(SPECIFIED), set(named) ^ set(SPECIFIED)
    assert all(len(row) == 3 and row[1] and row[2] for row in ROWS)


def test_what_is_named_exists(tmp_path):
    server = settings("SETTING")
    blocks = {"listen": settings("LISTEN_SETTING"), "gateway": settings("GATEWAY_SETTING")}
    records = []
    for rows, _, by in ROWS:
        assert "`" in by or re.match(r"always|later", by), rows
        for word in re.findall(r"`([^`]+)`", by):
            if word.startswith("sipctl "):
                done = sipctl("help", *word.split()[1:])
                assert done.returncode == 0 and word in done.stdout, word
            elif block := re.fullmatch(r"(\w+) { (.+) }", word):
                assert block[2] in blocks[block[1]], word
            elif word.endswith(":"):
                records.append(f"{word}<x> = y@example.org")
            elif "=" in word:
                records.append(word)
            else:
                assert word in server, word
    conf = tmp_path / "routes.conf"
    assert len(records) >= 7
    sipctl("-C", tmp_path, "init", "example.com", "--listen", "udp:127.0.0.1:15060", check=True)
    sipctl("-C", tmp_path, "gw", "add", "name", "--domain", "example.org")      # in etc/, though nobody runs
    conf.write_text("\n".join(records) + "\n")
    done = sipctl("-C", tmp_path, "route", "check", conf)
    assert done.returncode == 0, done.stderr


def test_every_setting_is_named():
    named = set(re.findall(r"`(?:\w+ { )?([a-z0-9-]+)(?: })?`", TEXT))
    every = set().union(*(settings(p) for p in ("SETTING", "USER_SETTING", "LISTEN_SETTING", "GATEWAY_SETTING")))
    assert len(every) > 140
    assert not every - named, every - named
