"""Attacks with the tools that attackers use, counted by the kernel where "nothing" is promised: S01, S03, S11, S13, S48."""
import shutil
import subprocess
import time

import pytest
from lib.flood import Flood
from lib.netns import own_network
from lib.sip import NoAnswer
from lib.wait import eventually

NUMBERS = range(1000, 1100)


@pytest.fixture(scope="module")
def home(shared_houses):
    house = shared_houses(settings={"log-level": "problems"}).start()
    house.import_users([str(n) for n in NUMBERS if n % 5 == 0] + ["anna", "bert"])
    return house


def tool(name):
    found = shutil.which(name) or shutil.which("sipvicious_" + name)
    if found is None:
        pytest.skip(f"no {name}: apt-get install sipvicious")
    return found


@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "force"])
@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "OPTIONS"])
def test_svwar(home, method, force):
    """S01: of 100 numbers 20 are there. The tool sees that a number answers as nobody does, and gives up."""
    before = home.figure("sipd", "challenged")
    r = subprocess.run([tool("svwar"), "-m", method, *force, f"-e{NUMBERS[0]}-{NUMBERS[-1]}", home.ip],
                       capture_output=True, text=True, timeout=60, cwd=home.dir)
    assert home.figure("sipd", "challenged") > before, "it asked nothing"
    assert "found nothing" in r.stderr and "|" not in r.stdout, r.stdout + r.stderr


def test_svcrack(home, phones, peers):
    """S03: at most 20 passwords a minute are judged, then the cracker is not heard; its victim never notices."""
    words = home.dir / "words"
    words.write_text("".join(f"w{i}\n" for i in range(3000)) + "pass-1000\n" + "".join(f"v{i}\n" for i in range(2000)))
    home.passwords["1000"] = "pass-1000"
    victim = phones(home, "1000")
    before = home.figure("regd", "auth_bad")
    cracker = subprocess.Popen([tool("svcrack"), "-u", "1000", "-d", words, home.ip], cwd=home.dir,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        def victim_is_well():
            begun = time.monotonic()
            assert victim.register().code == 200 and time.monotonic() - begun < 1
            return home.json("ban")
        ban, = eventually(victim_is_well, 30, 0.02)
        assert ban["by"] == "regd" and "passwords" in ban["reason"]
        heard = home.figure("sipd", "requests")
        eventually(lambda: home.figure("sipd", "refused_banned") > 20 or cracker.poll() is not None, 20)
        for _ in range(3):
            victim_is_well()
        assert home.figure("regd", "auth_bad") - before <= 20
        assert home.figure("sipd", "requests") - heard < 30     # the victim's alone
    finally:
        cracker.kill()
        said = cracker.communicate()[0]
    assert "pass-1000" not in said
    home.sipctl("ban", "del", ban["network"])


# ---- S13 ---------------------------------------------------------------------

@pytest.mark.parametrize("method", ["INVITE", "MESSAGE"])
def test_another_from(home, phones, method):
    """Who is anna does not write bert into From, wherever in it; what is asserted does not arrive."""
    anna, bert = phones(home, "anna").registered(), phones(home, "bert").registered()
    for forged in (f"sip:bert@{home.domain}", f"sip:BERT@{home.domain.upper()}", f"sip:%62ert@{home.domain}",
                   f"sip:anna@{home.domain}.elsewhere.test@{home.domain}", f"sip:1005@{home.domain};user=phone"):
        m, r = anna.ask(anna.request(method, f"sip:bert@{home.domain}", from_uri=forged))
        if method == "INVITE":
            anna.ack_failure(m, r)
        assert r.code in (400, 403), forged
    bert.silent(0.2)
    asserted = [(n, f'"Boss" <sip:boss@{home.domain}>') for n in
                ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion", "History-Info")]
    anna.send(anna.credential(*challenged(anna, method, f"sip:bert@{home.domain}", asserted)))
    got = bert.wait_request(method)
    assert not [n for n, _ in asserted if got.get(n)]
    bert.reply(got, 486 if method == "INVITE" else 200, to_tag="x")


def challenged(phone, method, uri, headers):
    m = phone.request(method, uri, headers=headers)
    r = phone.transact(m)
    if method == "INVITE":
        phone.ack_failure(m, r)
    return m, r


# ---- S48 ---------------------------------------------------------------------

def test_log_flood(home, peers, phones):
    """Thousands of requests a second that nobody signed, and wrong passwords: under 50 lines a second."""
    def lines():
        return sum(len(f.read_bytes().splitlines()) for f in home.log.glob("*.log"))
    seconds, before = 3, lines()
    floods = [peers(Flood(home, kind, 1500, seconds)).start() for kind in ("invite-local", "rubbish")]
    guesser, begun = phones(home, "anna"), time.monotonic()
    while time.monotonic() - begun < seconds:
        try:
            guesser.register(password="wrong", timeout=0.5)
        except NoAnswer:
            break
    sent = sum(f.wait()["out"][0] for f in floods)
    assert sent > 500 * seconds
    assert lines() - before < 50 * seconds


# ---- S11 ---------------------------------------------------------------------

FORBIDDEN = ["224.0.1.75", "255.255.255.255", "0.0.0.0"]


def counters():
    out = subprocess.run(["nft", "-j", "list", "counters"], capture_output=True, text=True, check=True).stdout
    import json
    return {c["counter"]["name"]: c["counter"]["packets"] for c in json.loads(out)["nftables"] if "counter" in c}


def count(**targets):
    """A counter each of what leaves for there."""
    rules = "flush ruleset\ntable inet count {\n"
    rules += "".join(f"  counter {name} {{ }}\n" for name in targets)
    rules += "  chain out { type filter hook output priority 0;\n"
    rules += "".join(f"    {match} counter name {name}\n" for name, match in targets.items()) + "  }\n}\n"
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)


def test_no_packet_to_forbidden_targets(houses, phones):
    """S11: contacts that nobody may have, a call, pings; what the kernel sends there is nothing at all."""
    if shutil.which("nft") is None:
        pytest.skip("no nft: apt-get install nftables")
    try:
        network = own_network()
        network.__enter__()
    except PermissionError:
        pytest.skip("no right to a network of its own")
    try:
        house = houses().start()
        house.import_users(["anna", "bert"])
        anna, bert = phones(house, "anna"), phones(house, "bert").registered()
        count(multicast="ip daddr 224.0.0.0/4", broadcast="ip daddr 255.255.255.255", nowhere="ip daddr 0.0.0.0/8",
              multicast6="ip6 daddr ff00::/8",
              others=f"udp dport 6999 ip daddr {house.ip}")
        for uri in ["sip:x@" + a for a in FORBIDDEN] + ["sip:x@[ff02::1]", "sip:x@[::]", f"sip:bert@{house.domain}",
                                                        f"sip:x@{house.ip}:{house.port}"]:
            assert anna.register(contact=f"<{uri}>").code == 403, uri
            call = bert.invite("anna", b"", timeout=2)
            assert call.finish().code in (403, 408, 480, 503), uri
            anna.register(contact="*", expires=0)
        assert anna.register(contact=f"<sip:anna@{house.ip}:6999>").code == 200
        bert.send(bert.credential(*challenged(bert, "MESSAGE", anna.aor, [])))
        eventually(lambda: counters()["others"] > 0)                # the counters count
        found = counters()
        found.pop("others")
        assert not any(found.values()), found
    finally:
        network.__exit__(None, None, None)
