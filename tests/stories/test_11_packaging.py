"""make install, the unit files, the demonstration, the README."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from lib.house import BIN, DAEMONS, House, alive, free_address
from lib.sip import Phone
from lib.wait import eventually

TOP = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def installed(tmp_path):
    """The files of make install, with the programs that are under test."""
    # -o: what is under test is installed as it is, not compiled again
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    r = subprocess.run(["make", "--no-print-directory", "-o", "programs", "install", f"DESTDIR={tmp_path}",
                        "PREFIX=/usr", f"B={BIN.parent}"], cwd=TOP, text=True, capture_output=True, env=clean)
    assert r.returncode == 0, r.stdout + r.stderr
    return tmp_path


def test_layout(installed):
    files = {str(f.relative_to(installed)) for f in installed.rglob("*") if f.is_file()}
    assert "usr/bin/sipctl" in files
    for d in DAEMONS:
        assert f"usr/libexec/cordboard/{d}" in files
        assert f"usr/lib/systemd/system/cordboard-{d}.service" in files
        assert f"usr/bin/{d}" not in files
    assert "usr/libexec/cordboard/cordboard-keeper" in files
    assert "usr/lib/systemd/system/cordboard.target" in files
    assert "usr/lib/sysusers.d/cordboard.conf" in files
    assert "usr/lib/tmpfiles.d/cordboard.conf" in files
    assert not [f for f in files if "@" in installed.joinpath(f).read_text(errors="replace")
                and "LIBEXECDIR@" in installed.joinpath(f).read_text(errors="replace")]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_units_verify(installed):
    units = installed / "usr/lib/systemd/system"
    for f in units.iterdir():
        # the programs lie under DESTDIR while this looks for them
        f.write_text(f.read_text().replace("/usr/libexec/cordboard/", f"{installed}/usr/libexec/cordboard/")
                     .replace("/usr/bin/sipctl", f"{installed}/usr/bin/sipctl"))
    names = sorted(f.name for f in units.iterdir())
    r = subprocess.run(["systemd-analyze", "verify", *names], cwd=units, text=True,
                       capture_output=True, env=os.environ | {"SYSTEMD_UNIT_PATH": f"{units}:"})
    ours = [line for line in r.stderr.splitlines() if "cordboard" in line]
    assert r.returncode == 0 and not ours, r.stderr
    wanted = " ".join(re.findall(r"^Wants=(.*)", (units / "cordboard.target").read_text(), re.M)).split()
    assert {f"cordboard-{d}.service" for d in DAEMONS} <= set(wanted)


def test_demonstration(tmp_path):
    """What make run does after the build: two accounts, printed lines that work,
    a second one beside it is refused and says no more, Ctrl-C ends it, and the
    next run finds the registration again."""
    listen = f"{free_address()}:5060"
    var = tmp_path / "var"
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if parent != pathlib.Path("/tmp") and parent.is_relative_to("/tmp"):
            parent.chmod(0o755)

    def run(name="out"):
        out = open(tmp_path / name, "wb")
        p = subprocess.Popen([TOP / "packaging/demo.sh", var], env=os.environ | {"BIN": str(BIN), "LISTEN": listen},
                             stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        return p, lambda: (tmp_path / name).read_text()

    def gone(group):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        return False

    house = House.__new__(House)
    house.dir, house.domain, house.passwords, house.environment = var, "demo.test", {}, {}
    house.etc, house.state, house.run_dir, house.log = (var / d for d in ("etc", "state", "run", "log"))
    house.ip, house.port = listen.split(":")[0], 5060
    house.phone_ip = house.ip

    def ready(p, said):
        def look():
            assert p.poll() is None, said()
            return "Ctrl-C ends it" in said() and house.sipctl("status", check=False).returncode == 0
        eventually(look, 30, 0.2, "the demonstration is up")

    p, said = run()
    try:
        ready(p, said)
        text = said()
        assert "<sip:anna@demo.test>" in text and "auth_pass=" in text
        password = re.search(r"<sip:anna@demo.test>;auth_pass=([^;]+);", text).group(1)
        anna = Phone(house, "anna", password=password, ip=house.ip)
        assert anna.register(expires=3600).code == 200
        contacts = house.contacts("anna")
        assert contacts == [anna.contact]
        refused, refusal = run("refused")
        assert refused.wait(20) != 0
        eventually(lambda: gone(refused.pid), 10, 0.1, "nothing is left of the refused one")
        assert "running already" in refusal() and "Cordboard runs" not in refusal()
        pids = house.pids()
        os.killpg(p.pid, signal.SIGINT)         # Ctrl-C at a terminal
        assert p.wait(20) == 0, said()
        assert not any(alive(pid) for pid in pids.values() if pid)
        p, said = run()
        ready(p, said)
        assert house.contacts("anna") == contacts
        assert re.search(r"<sip:anna@demo.test>;auth_pass=([^;]+);", said()).group(1) == password
    finally:
        if p.poll() is None:
            os.killpg(p.pid, signal.SIGINT)
            p.wait(20)
    assert not house.complaints()


def test_readme_opens_with_two_commands():
    head = (TOP / "README.md").read_text().splitlines()[:30]
    text = "\n".join(head)
    assert "make run" in text and "make check" in text


def test_help_names_every_target():
    r = subprocess.run(["make", "--no-print-directory", "help"], cwd=TOP, text=True, capture_output=True)
    for target in ("all", "run", "check", "check-long", "deps", "fuzz", "install", "uninstall", "clean", "lint"):
        assert re.search(rf"^{target} ", r.stdout, re.M), target


def test_lint():
    r = subprocess.run([TOP / "tests/lint.sh"], text=True, capture_output=True)
    assert r.returncode == 0, r.stdout + r.stderr
