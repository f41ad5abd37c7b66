"""Registrations with gateways: a carrier by each transport and behind SRV, providers with bad
habits, a thousand of them at once; groups that follow prices and probes."""
import contextlib
import socket
import ssl
import threading
import time

import pytest

from lib.certs import Authority
from lib.company import VIA, carrier_house, silent, way_options
from lib.habits import HABITS, PASSWORD, Providers
from lib.kamailio import Kamailio
from lib.named import Named
from lib.sipp import Sipp
from lib.wait import eventually, pause


def shown(house, name="carrier"):
    return next(g for g in house.json("gw", "list") if g["name"] == name)


def add(house, name, *options, password="carrier-secret"):
    house.sipctl("gw", "add", name, "--username", "line7", "--password-file", "-", *options, input=password + "\n")


def until(house, state, name="carrier", timeout=10):
    return eventually(lambda: shown(house, name)["state"] == state and shown(house, name), timeout, 0.1,
                      f"{name} {state}")


@pytest.fixture
def made(houses, peers, tmp_path):
    with silent() as dead:
        yield carrier_house(houses, peers, tmp_path, dead)


@pytest.mark.parametrize("way", VIA)
def test_with_a_carrier(made, way):
    """Must show 1: register, refresh with the nonce, another nonce, sign off."""
    house, carrier = made
    add(house, "carrier", *way_options(way, carrier))
    row = until(house, "registered")
    assert row["server"].startswith(f"{'udp' if way == 'srv' else way}:{carrier.ip}:"), row
    assert len(carrier.contacts("line7")) == 1
    sent = house.figure("gwregd", "gw_registers")
    house.sipctl("gw", "test", "carrier")
    assert house.figure("gwregd", "gw_registers") == sent + 1, "the nonce was not used again"
    house.sipctl("gw", "del", "carrier")
    eventually(lambda: carrier.contacts("line7") == [], 10, 0.1, "signed off")
    assert house.figure("gwregd", "gw_failures") == 0


def test_a_certificate_of_somebody_else(made):
    """TLS with verification: it is not registered with whom nobody has certified, and says why."""
    house, carrier = made
    house.set("tls-ca-file", str(Authority(house.etc / "other", "other").file))
    add(house, "carrier", "--domain", carrier.domain, "--via", VIA["tls"])
    row = until(house, "failed", timeout=20)
    assert carrier.contacts("line7") == []
    assert "none of tls-ca-file has signed" in row["last_error"], row


@contextlib.contextmanager
def shakes_hands(ip, chain, key):
    """Somebody with this certificate, who does nothing else; the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    listener = socket.create_server((ip, 0))

    def serve():
        with contextlib.suppress(OSError):      # closed at the end
            while True:
                with contextlib.suppress(ssl.SSLError, ConnectionError):
                    context.wrap_socket(listener.accept()[0], server_side=True).close()
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


@pytest.mark.parametrize("says, certificate", [("has expired", {"end": "20210101000000Z"}),
                                               ("is for another name", {"cn": "else.test"})])
def test_a_certificate_that_does_not_hold(made, says, certificate):
    """RFC 5922 section 7: last_error has the reason, without a look into the log."""
    house, carrier = made
    authority = Authority(house.etc / "other", "other")
    house.set("tls-ca-file", str(authority.file))
    with shakes_hands(carrier.ip, *authority.issue("they", **{"cn": carrier.domain, **certificate})) as port:
        add(house, "carrier", "--domain", carrier.domain, "--via", f"sip:{carrier.domain}:{port};transport=tls")
        assert f"TLS failed: its certificate {says}" in until(house, "failed")["last_error"]


def test_restart_is_no_sign_off(made):
    house, carrier = made
    add(house, "carrier", "--domain", carrier.domain, "--via", VIA["udp"].format(ip=carrier.ip))
    until(house, "registered")
    contact = carrier.contacts("line7")
    house.sipctl("restart", "gwregd")
    assert shown(house)["state"] == "registered"
    assert carrier.contacts("line7") == contact
    assert house.figure("gwregd", "gw_registers") == 0, "nothing was to be said"


def test_the_server_of_a_registration_dies(houses, peers, tmp_path):
    """Two servers behind SRV: the refresh finds the other one, the sign-off the one that lives."""
    all_ = Providers()
    a, b = all_.make(), all_.make()
    peers(all_).start()
    server = peers(Named(tmp_path, {"provider.test": f"_sip._udp IN SRV 1 0 5060 a\n_sip._udp IN SRV 2 0 5060 b\n"
                                                     f"a IN A {a.ip}\nb IN A {b.ip}\n"})).start()
    house = houses(settings={"dns-servers": server.server, "failover-timeout": "500ms"}).start()
    add(house, "carrier", "--domain", "provider.test", password=PASSWORD)
    assert until(house, "registered")["server"] == f"udp:{a.ip}:5060"
    a.habit = HABITS["never answers"][0]
    house.sipctl("gw", "test", "carrier")
    assert until(house, "registered")["server"] == f"udp:{b.ip}:5060"
    assert house.figure("gwregd", "gw_failures") == 0, "nobody has noticed"
    seen = len(b.requests)
    house.sipctl("gw", "del", "carrier")
    eventually(lambda: len(b.requests) > seen, 5, 0.05, "the sign-off")


# ---- a provider with bad habits ----

#: Those that a provider forgives itself: they are registered all the same, at once.
HARMLESS = ("no Expires", "Expires 10", "407", "423, a day", "slow", "wants Path")


@pytest.fixture
def providers(peers):
    """make(habits) -> {name: provider}; one more, "good", has none."""
    def make(habits):
        all_ = Providers()
        found = {name: all_.make(*HABITS[name]) for name in habits} | {"good": all_.make()}
        peers(all_).start()
        return found
    return make


def add_all(house, found, every="10s"):
    """All at once: gateways g0, g1 ..., and "good"; {habit: gateway}."""
    names = {habit: f"g{i}" for i, habit in enumerate(found) if habit != "good"} | {"good": "good"}
    secret = house.etc / "all.secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    (house.etc / "conf.d").mkdir(exist_ok=True)
    (house.etc / "conf.d/gateways.conf").write_text("".join(
        f"gateway {names[habit]} {{\n    domain provider.test\n    via {p.via()}\n    username line7\n"
        f"    password-file all.secret\n    register-every {every}\n}}\n" for habit, p in found.items()))
    house.sipctl("config", "apply")
    return names


def states(house):
    return {g["name"]: g["state"] for g in house.json("gw", "list")}


def test_harmless_habits(houses, providers):
    house = houses().start()
    found = providers(HARMLESS)
    names = add_all(house, found)
    eventually(lambda: set(states(house).values()) == {"registered"}, 10, 0.1, "all of them registered")
    # A grant of 10 s is refreshed before it ends; one of a day was asked for.
    row = shown(house, names["423, a day"])
    assert row["expires_s"] > 80000, row


@pytest.mark.long
def test_bad_habits(houses, providers):
    """Must show 3: each heals by itself after its provider has; nobody else is kept waiting by it."""
    house = houses().start()
    found = providers(HABITS)
    names = add_all(house, found)
    good = found["good"]
    bad = [h for h in HABITS if h not in HARMLESS]
    eventually(lambda: shown(house, "good")["state"] == "registered", 5, 0.1, "the good one registered")
    eventually(lambda: all(len(found[h].requests) >= 1 for h in HABITS), 30, 0.1, "all were asked")
    eventually(lambda: all(states(house)[names[h]] == "failed" for h in bad), 40, 0.2, "the bad ones failed")
    for row in house.json("gw", "list"):
        habit = next(h for h, n in names.items() if n == row["name"])
        print(f"{habit:28} {row['state']:11} {row['last_error']}")
    warnings = [w["text"] for w in house.status()["warnings"]]
    assert len(warnings) == 6 and "15 more gateways" in warnings[-1], warnings
    for p in found.values():
        p.heal()
    healed, when = time.monotonic(), {}

    def all_registered():
        for habit, name in names.items():
            if states_now.get(name) == "registered":
                when.setdefault(habit, time.monotonic() - healed)
        return len(when) == len(names)
    deadline = time.monotonic() + 150
    while True:
        states_now = states(house)
        if all_registered():
            break
        assert time.monotonic() < deadline, f"never again: {set(names) - set(when)}"
    for habit in bad:
        print(f"{habit:28} registered {when[habit]:5.1f} s after its provider healed, "
              f"{len(found[habit].requests)} requests in all")
    # After a few soft failures a wait is at most 48 s, after a refusal or two 144 s.
    assert max(when.values()) < 150
    # The good one's refreshes came every 10 s (a twentieth earlier at most).
    gaps = [b - a for (a, _, _), (b, _, _) in zip(good.requests[1:], good.requests[2:])]
    late = max(gaps) - 10
    print(f"the good one's refreshes: at most {late * 1000:.0f} ms late, limit 500")
    assert late < 0.5, gaps


@pytest.mark.long
def test_a_wrong_password_does_not_hammer(houses, peers, tmp_path):
    """Must show 1, by the clock: Kamailio is asked at most ten times in ten minutes, says why, and the right
    password is tried at once."""
    house = houses().start()
    carrier = peers(Kamailio(tmp_path)).start()
    add(house, "carrier", "--domain", carrier.domain, "--via", VIA["udp"].format(ip=carrier.ip), password="wrong")
    begin, told = time.monotonic(), []
    row = until(house, "failed")
    while time.monotonic() - begin < 600:
        row = shown(house)
        assert row["state"] == "failed" and "wrong user name or password" in row["last_error"], row
        sent = house.figure("gwregd", "gw_registers")
        if not told or told[-1][1] != sent:
            told.append((round(time.monotonic() - begin), sent))
        pause(2)
    print(f"wrong password: {told[-1][1]} requests in ten minutes, limit 10; (second, requests so far): {told}")
    assert told[-1][1] <= 10
    house.sipctl("gw", "set", "carrier", "--password-file", "-", input=carrier.password + "\n")
    until(house, "registered")


@pytest.mark.parametrize("victims", [["gwregd"], ["gwregd", "sipd"]], ids="+".join)
def test_kills_register_at_most_once(houses, providers, victims):
    """Must show 5, F5: kill -9, while some are asked: at most one REGISTER for each of them (a repetition has
    the same CSeq), none for the one that is registered."""
    house = houses().start()
    found = providers(["never answers", "500", "403"])
    names = add_all(house, found, every="10m")
    eventually(lambda: shown(house, "good")["state"] == "registered", 5, 0.1, "registered")
    eventually(lambda: states(house)[names["403"]] == "failed", 10, 0.1, "refused")

    def seen():
        return {habit: len({c for _, c, _ in p.requests}) for habit, p in found.items()}
    before, pids = seen(), house.pids()
    for name in victims:
        house.kill(name)
    house.back(pids, victims, states=("ok", "warn"))
    killed = time.monotonic()
    assert shown(house, "good")["state"] == "registered"
    # The next attempts of the failed ones, 4 to 6 s later, show that all is well again.
    eventually(lambda: seen()["500"] > before["500"], 12, 0.1, "the failed one is asked again")
    after = seen()
    print(f"{'+'.join(victims)}: {({h: after[h] - before[h] for h in found})} within "
          f"{time.monotonic() - killed:.1f} s")
    assert all(after[h] - before[h] <= 1 for h in found)
    assert after["good"] == before["good"]


# ---- groups, probes, prices ----

def first(house, number, group="pstn"):
    """Who would be tried, in order."""
    targets = house.json("route", "test", f"{number}@{group}.sipgw", "--from", f"anna@{house.domain}",
                         check=False)["targets"]
    return [t["gateway"] for t in targets]


def test_a_group_follows_prices_and_probes(houses, peers, phones):
    """Cheapest first, what does not answer last, what is disabled not at all; and "gw test" of those that
    register nothing. Nothing is asked of routed that a lease would hide: the settings are in force at once."""
    all_ = Providers()
    a, b, c = (all_.make() for _ in range(3))
    peers(all_).start()
    house = houses(settings={"least-cost": "cheap", "relay-to-non-clients": "anybody"}).start()
    for name, p, priority in (("a", a, 1), ("b", b, 2), ("c", c, 3)):
        house.sipctl("gw", "add", name, "--domain", "provider.test", "--via", p.via(), "--group", "pstn, cheap",
                     "--priority", str(priority), "--probe-every", "5s", "--probe-failures", "2",
                     "--caller-id", "anna +4930*" if name == "b" else "* anonymous", check=(name != "b"))
    # "+4930*" has a star where the pattern has none: refused, with the place.
    assert [g["name"] for g in house.json("gw")] == ["a", "c"]
    house.sipctl("gw", "add", "b", "--domain", "provider.test", "--via", b.via(), "--group", "pstn, cheap",
                 "--priority", "2", "--probe-every", "5s", "--probe-failures", "2", "--caller-id", "anna +4930")
    eventually(lambda: all(g["probe"] == "up" for g in house.json("gw")), 10, 0.1, "all were answered")
    assert first(house, "+442071234567") == ["a", "b", "c"]
    assert first(house, "+442071234567", "cheap") == ["a", "b", "c"]      # nobody has a price
    house.sipctl("price", "import", "-", "--gateway", "c", input="prefix,price\n+44,0.03\n+4420,0.01\n")
    house.sipctl("price", "import", "-", input="prefix,price\nb/44,0.02\nb/*,0.9\n")
    assert first(house, "+442071234567", "cheap") == ["c", "b", "a"]
    assert first(house, "+447711234567", "cheap") == ["b", "c", "a"]
    assert first(house, "+4930123456", "cheap") == ["b", "a", "c"]
    assert first(house, "+442071234567") == ["a", "b", "c"], "the other group goes by priority"
    text = house.sipctl("route", "test", "+442071234567@cheap.sipgw", "--from", f"anna@{house.domain}").stdout
    assert "0.01 by c/4420" in text and "b is shown +4930" in text and "no price" in text, text
    # c answers no more: it is the last to be tried, and says why.
    c.options = [503]
    row = eventually(lambda: shown(house, "c")["probe"] == "down" and shown(house, "c"), 20, 0.1, "c is down")
    assert row["probe_reason"] == "503 Whatever" and row["admin"] == "enabled" and row["state"] == "down", row
    eventually(lambda: first(house, "+442071234567", "cheap") == ["b", "a", "c"], 5, 0.1, "c is the last")
    assert not house.ok()
    assert house.sipctl("gw", "test", "c", check=False).returncode == 1
    c.options = [404]
    eventually(lambda: first(house, "+442071234567", "cheap") == ["c", "b", "a"], 20, 0.1, "c is up again")
    assert "404 Whatever" in house.sipctl("gw", "test", "c").stdout
    house.sipctl("gw", "disable", "c")
    assert first(house, "+442071234567", "cheap") == ["b", "a"]
    assert house.json("route", "test", "1@c.sipgw", check=False)["code"] == 480


# ---- many ----

MANY = 1000


def cpu(house):
    return {d["name"]: d["cpu_s"] for d in house.json("status")["daemons"]}


@pytest.mark.long
def test_a_thousand(houses, peers, tmp_path):
    """Must show 6: no burst at the start, all within 60 s, and what they cost from then on."""
    house = houses().start()
    sipp = peers(Sipp(house, "provider_uas.xml", tmp_path, 5090)).start(
        MANY * 3, rate=10, seconds=300, arguments=("-aa",)).ready()
    secret = house.etc / "all.secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    (house.etc / "conf.d").mkdir(exist_ok=True)
    (house.etc / "conf.d/gateways.conf").write_text("".join(
        f"gateway g{i} {{\n    domain provider.test\n    via sip:{sipp.ip}:5090\n    username line{i}\n"
        f"    password-file all.secret\n    register-every 60s\n}}\n" for i in range(MANY)))
    begin = time.monotonic()
    house.sipctl("config", "apply")
    print(f"applied in {time.monotonic() - begin:.1f} s")
    looks = [(begin, 0)]

    def sent():
        looks.append((time.monotonic(), house.figure("gwregd", "gw_registers")))
        return looks[-1][1]
    eventually(lambda: sent() >= MANY and house.figure("gwregd", "gw_registered") == MANY, 60, 0.25,
               "all registered")
    took = looks[-1][0] - begin
    rates = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(looks, looks[3:])]
    print(f"{MANY} gateways registered in {took:.1f} s, limit 60; at most {max(rates):.0f} REGISTER/s in a second, "
          f"limit 200")
    assert max(rates) < 200
    # From here on each is refreshed once a minute.
    first, used, before = time.monotonic(), cpu(house), sent()
    eventually(lambda: sent() >= before + MANY, 120, 0.5, "all refreshed")
    seconds, now = time.monotonic() - first, cpu(house)
    rate = (looks[-1][1] - before) / seconds
    print(f"steady: {rate:.1f} REGISTER/s, " + ", ".join(
        f"{n} {(now[n] - used[n]) * 100 / seconds:.1f} % of a core" for n in ("gwregd", "sipd", "routed")))
    assert house.figure("gwregd", "gw_registered") == MANY
    assert house.figure("gwregd", "gw_failures") == 0
    # A restart finds them all as they were.
    house.sipctl("restart", "gwregd")
    assert house.figure("gwregd", "gw_registered") == MANY
    assert house.figure("gwregd", "gw_registers") < MANY / 4
    sipp.stop()
