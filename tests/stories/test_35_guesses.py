"""Guessing passwords (S03): a budget a source, silence beyond it, nobody else is concerned."""
import pathlib
import re
import time

import pytest
from lib import digest
from lib.sip import NoAnswer

FILTER = pathlib.Path(__file__).resolve().parents[2] / "packaging/fail2ban/cordboard.conf"


@pytest.fixture(scope="module")
def home(shared_houses):
    house = shared_houses(settings={"wrong-passwords-limit": "8"}).start()
    house.import_users([f"user{i}" for i in range(20)])
    return house


def attack(phone, user, password, method="REGISTER", seconds=2.0):
    """The code that a guess is answered with; None: nothing came."""
    uri = f"sip:{phone.domain}" if method == "REGISTER" else f"sip:user0@{phone.domain}"
    m = phone.request(method, uri, to=f"sip:{user}@{phone.domain}", from_uri=f"sip:{user}@{phone.domain}")
    r = phone.transact(m)
    c = digest.parse(r.get("www-authenticate") or r.get("proxy-authenticate"))
    again = phone.request(method, uri, to=f"sip:{user}@{phone.domain}", call_id=m.call_id, cseq=m.cseq + 1,
                          from_uri=f"sip:{user}@{phone.domain}")
    name = "Authorization" if r.code == 401 else "Proxy-Authorization"
    again.set(name, digest.answer(c, user, password, method, uri))
    try:
        return phone.transact(again, timeout=seconds).code
    except NoAnswer:
        return None


def other_address(house, n):
    return ".".join(house.ip.split(".")[:3] + [str(250 + n)])


def test_one_user(home, phones):
    """Four wrong ones are judged, the last of them slowly; then silence. The victim registers from elsewhere."""
    attacker = phones(home, "user1", ip=other_address(home, 1))
    victim = phones(home, "user1")
    answers = []
    for i in range(6):
        begun = time.monotonic()
        answers.append((attack(attacker, "user1", f"wrong{i}"), time.monotonic() - begun))
        begun = time.monotonic()
        assert victim.register().code == 200
        assert time.monotonic() - begun < 1
    assert [code for code, _ in answers] == [401] * 4 + [None] * 2
    assert answers[0][1] < 0.9 < answers[3][1]
    assert attack(attacker, "user1", attacker.password) is None     # the right one is not judged either
    rows = [r for r in home.json("reg", "failures") if r["tried"] == f"user1@{home.domain}"]
    assert [(r["tries"], r["reason"], r["note"]) for r in rows] == [(4, "wrong password", "not answered")]


def test_many_users(home, phones):
    """A list of users from one address: eight in all. Who is at home there goes on."""
    where = other_address(home, 2)
    resident = phones(home, "user2", ip=where).registered()
    attacker = phones(home, "user3", ip=where)
    answers = [attack(attacker, f"user{3 + i % 15}", "wrong") for i in range(9)]
    assert answers == [401] * 8 + [None]
    assert resident.register().code == 200
    assert home.figure("regd", "auth_muted") > 0


def test_invite(home, phones):
    """The same budget for every method."""
    attacker = phones(home, "user4", ip=other_address(home, 3))
    answers = [attack(attacker, "user4", "wrong", ("INVITE", "MESSAGE")[i % 2]) for i in range(5)]
    assert answers == [407] * 4 + [None]


def test_log(home, phones):
    """One line each, under two names; a filter for fail2ban comes with the programs."""
    attacker = phones(home, "user5", ip=other_address(home, 4))
    assert attack(attacker, "user5", "wrong") == 401
    failed = [line for line in lines(home, "regd") if "auth-failed" in line and attacker.wire.local[0] in line]
    assert any(f"user=user5@{home.domain}" in line for line in failed)
    pattern = re.search(r"^failregex = (.*)$", FILTER.read_text(), re.M)[1].replace("<ADDR>", r"(\S+)")
    assert {re.match(pattern, line)[1] for line in failed} == {attacker.wire.local[0]}
    assert any("auth-challenge" in line for line in lines(home, "sipd"))


def lines(house, daemon):
    return (house.log / f"{daemon}.log").read_text().splitlines()
