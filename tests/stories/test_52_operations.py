"""sipctl at work on a house that is busy: drain; from elsewhere: -H; and what a terminal gets."""
import json
import os
import pty
import signal
import subprocess

from lib.house import BIN
from lib.wait import eventually
from lib.sip import Call


def talk(caller, callee):
    call = caller.invite(callee.user)
    far = Call.from_invite(callee, callee.wait_request("INVITE", call_id=call.call_id))
    callee.reply(far.request, 200, to_tag=far.local_tag, headers=[("Contact", f"<{callee.contact}>")])
    call.established()
    callee.wait_request("ACK", call_id=call.call_id)
    return call, far


def hang_up(call, far):
    call.send_bye()
    far.wait_bye()
    call.phone.wait(lambda m: not m.is_request and m.method == "BYE", what="200 to BYE")


def draining(house, *args):
    p = subprocess.Popen([BIN / "sipctl", "-C", house.dir, "drain", *args], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    eventually(lambda: any("no new calls" in w["text"] for w in house.status()["warnings"]), what="a warning")
    return p


def test_drain_waits_for_the_calls(house, phones):
    anna, bert, carl = (phones(house, u).registered() for u in ("anna", "bert", "carl"))
    call = talk(anna, bert)
    drain = draining(house)
    refused = carl.invite("anna").finish()
    assert refused.code == 503 and refused.get("retry-after") == "60"
    assert carl.register().code == 200                  # whoever is here stays reachable for those who talk
    before = house.pid("sipd")
    house.kill("sipd")                                  # its successor does not know: it is told
    eventually(lambda: house.pid("sipd") not in (None, before) and
               any("no new calls" in w["text"] for w in house.status()["warnings"]), 20, what="told again")
    assert drain.poll() is None
    hang_up(*call)
    assert drain.wait(20) == 0, drain.stderr.read()
    assert all(d["state"] == "down" for d in house.status()["daemons"])


def test_drain_gives_up_and_takes_calls_again(house, phones):
    anna, bert = (phones(house, u).registered() for u in ("anna", "bert"))
    call = talk(anna, bert)
    assert "1 call is left; calls are taken again" in house.sipctl("drain", "--limit", "0s", check=1).stderr
    drain = draining(house)
    drain.send_signal(signal.SIGINT)
    assert drain.wait(10) == 1 and "interrupted: 1 call is left" in drain.stderr.read()
    draining(house).kill()                              # it cannot say so any more
    assert house.sipctl("drain", "--undo").stdout == "calls are taken again\n"
    hang_up(*call)
    hang_up(*talk(bert, anna))


def test_from_elsewhere(house, tmp_path):
    """-H: the line arrives word by word at the shell of the other host, and its exit code comes back."""
    ssh = tmp_path / "ssh"      # as sshd does: all words, joined by blanks, to a shell
    ssh.write_text('#!/bin/sh\n[ "$1" = -t ] && shift\necho "$1" >>"$0.hosts"; shift; [ "$1" = -- ] && shift\n'
                   'exec sh -c "$*"\n')
    ssh.chmod(0o755)
    house.environment = {"PATH": f"{tmp_path}:{BIN}:{os.environ['PATH']}"}
    name = "Zoë O'Hara; rm -rf $HOME `id` \"x\""
    house.sipctl("-H", "sip2", "user", "add", f"zoe@{house.domain}", "--name", name, "--password-file", "-",
                 input="secret\n")
    row = next(u for u in house.json("--host=sip2", "user", "list") if u["aor"] == f"zoe@{house.domain}")
    assert row["name"] == name
    house.sipctl("-H", "sip2", "user", "show", "nobody", check=1)
    house.sipctl("-Hsip2", "no-such-noun", check=2)
    assert (tmp_path / "ssh.hosts").read_text() == "sip2\n" * 3
    assert "is not the name of a host" in house.sipctl("-H", "-oProxyCommand=id", "status", check=2).stderr


def on_terminal(house, *args, **env):
    leader, follower = pty.openpty()
    p = subprocess.Popen([BIN / "sipctl", "-C", house.dir, *args], stdin=follower, stdout=follower, stderr=follower,
                         env=os.environ | {"TERM": "xterm", "LC_ALL": "C.UTF-8"} | env)
    os.close(follower)
    seen = b""
    while True:
        try:
            seen += os.read(leader, 65536)
        except OSError:         # the other end is closed
            break
    os.close(leader)
    p.wait(10)
    return seen.decode()


def test_colour_is_for_terminals_that_want_it(house):
    house.sipctl("config", "set", "timer-b", "9s")
    assert "\x1b[32m" in on_terminal(house, "config", "diff")
    for args, env in ((["--color=never"], {}), ([], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"})):
        assert "\x1b" not in on_terminal(house, *args, "config", "diff", **env), (args, env)
    assert "\x1b" not in house.sipctl("config", "diff", check=1).stdout
    assert "\x1b[32m" in house.sipctl("--color=always", "config", "diff", check=1).stdout
    # the short form is for people alone
    assert "timer-b" in on_terminal(house, "conf", "diff")
    assert house.sipctl("conf", "diff", check=2).stderr


def test_a_bar_while_many_are_imported(house):
    rows = "".join(f"u{n},{house.domain},secret-{n}\n" for n in range(25000))
    (house.dir / "many.csv").write_text("user,domain,password\n" + rows)
    shown = on_terminal(house, "user", "import", str(house.dir / "many.csv"))
    assert "importing" in shown and "━" in shown and "%" in shown and "25,000 rows: 25,000 added" in shown, shown[-500:]
    assert "━" not in house.sipctl("user", "import", "--update", str(house.dir / "many.csv")).stderr


def test_a_view_again_and_again(house):
    """--watch: until ^C, which is no failure; what changes something is not watched."""
    p = subprocess.Popen([BIN / "sipctl", "-C", house.dir, "config", "history", "-o", "ndjson", "--watch=200ms"],
                         stdout=subprocess.PIPE, text=True)
    assert json.loads(p.stdout.readline())["generation"] == house.status()["generation"]
    house.sipctl("config", "set", "max-contacts", "7")
    house.sipctl("config", "apply")
    number = house.status()["generation"]
    while json.loads(p.stdout.readline())["generation"] != number:
        pass
    p.send_signal(signal.SIGINT)
    assert p.wait(10) == 0
    p.stdout.close()
    assert "only shows" in house.sipctl("gw", "del", "x", "--watch", check=2).stderr
    house.sipctl("gw", "--watch=soon", check=2)


def test_times_as_people_write_them(house):
    """-S and -U beside --last, in every view that looks back (moments: span_test)."""
    for view in (("log",), ("slow",), ("trace",), ("reg", "failures")):
        house.sipctl(*view, "-S", "10 min ago", "-U", "now")
        assert "14:00" in house.sipctl(*view, "--since", "soon", check=2).stderr
        assert "15m" in house.sipctl(*view, "--last", "soon", check=2).stderr
    assert "START" in house.sipctl("log", "-S", "10 min ago").stdout
    assert house.sipctl("log", "-U", "10 min ago").stdout == ""


def test_what_to_run_next_is_run_at_the_same_house(house):
    assert f"next: sipctl -C {house.dir} gw\n" in house.sipctl("gw", "show", "nobody", check=1).stderr
    words = house.sipctl("config", "set", "max-contacts", "8").stdout.split("next: ")[1].split()
    assert words[0] == "sipctl"
    assert subprocess.run([BIN / "sipctl", *words[1:]], timeout=20).returncode == 0
    assert house.sipctl("config", "show", "max-contacts").stdout == "8\n"
