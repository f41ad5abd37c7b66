"""The registrar's flows as the RFCs print them: RFC 3665 section 2, RFC 3327 section 5.5.1, RFC 5626; digests
that the RFCs print wrongly. Only what cannot be another's is changed: the top Via, and the digest."""
import json

import pytest
from lib import digest
from lib.message import Message, uri_of
from lib.sip import Phone, token

PASSWORD = "zanzibar"


def messages(corpus, name):
    """The messages of a file, in the order in which they cross the wire."""
    path, = (corpus / "rfc-callflows").glob(name + "*.yaml")
    blocks = path.read_text().split("- |+\n")[1:]
    texts = ["\n".join(line[2:] for line in b.rstrip("\n").split("\n")) for b in blocks]
    return [Message.parse(t.replace("\n", "\r\n").encode() + b"\r\n\r\n") for t in texts]


@pytest.fixture(scope="module")
def house_of(request):
    """house_of(domain, user, ...): made once, ended with the file."""
    from lib.house import House
    made = {}

    def make(domain, user, more=(), **how):
        if domain not in made:
            house = made[domain] = House(domain=domain, **how).init()
            with open(house.etc / "sip.conf", "a") as conf:
                conf.writelines(f"domain {d}\n" for d in more)
            house.up()
            house.add_user(user, PASSWORD)
        return made[domain]
    yield make
    for house in made.values():
        assert not house.close()


def adapted(phone, m):
    """From this phone instead of the one in the RFC."""
    vias = [v for n, v in m.headers if n == "Via"]
    headers = [h for h in m.headers if h[0] not in ("Via", "Authorization", "Content-Length", "Route")]
    headers = [("Via", v) for v in [phone.via("z9hG4bK" + token()), *vias[1:]]] + headers
    if m.get("max-forwards") is None:
        headers.insert(1, ("Max-Forwards", "70"))
    return Message(m.start, headers)


def play(phone, flow, user, first_cseq):
    """Every request of the flow; the code and the contacts of each answer are those of the RFC."""
    cseq = first_cseq
    for i, m in enumerate(flow):
        if not m.is_request:
            continue
        expected = next(r for r in flow[i + 1:] if not r.is_request)
        ask = adapted(phone, m)
        ask.headers = [(n, f"{cseq} REGISTER") if n == "CSeq" else (n, v) for n, v in ask.headers]
        cseq += 2
        r = phone.transact(ask)
        assert r.code == 401
        if m.get("authorization") or expected.code == 200:
            password = PASSWORD if expected.code == 200 else "wrong"
            r = phone.transact(phone.credential(ask, r, password=password, username=user))
        assert r.code == expected.code, (m, r)
        assert sorted(map(uri_of, r.all("contact"))) == sorted(map(uri_of, expected.all("contact")))
        yield m, expected, r


def test_rfc3665(corpus, house_of):
    """In this order: each begins where the one before has ended."""
    house = house_of("biloxi.example.com", "bob", ["ss2.biloxi.example.com"], transports=("udp", "tls"))
    for which, left in [("2.05", 0), ("2.01", 1), ("2.02", 2), ("2.03", 2), ("2.04", 0)]:
        phone = Phone(house, "bob", transport="tls")
        for m, _, _ in play(phone, messages(corpus, f"rfc3665/{which}"), "bob", 10 * int(which[-1])):
            if m.get("contact") and "mailto" in m.get("contact"):
                assert len(house.contacts("bob")) == 2
        phone.close()
        assert len(house.contacts("bob")) == left, which


def test_rfc3327(corpus, house_of):
    """As it arrives at the registrar, through three proxies; 420 had the phone not said that it knows Path."""
    house = house_of("examplehome.com", "ua1", ["registrar.examplehome.com"])
    phone = Phone(house, "ua1")
    flow = messages(corpus, "rfc3327/5.5.1")
    arrives = [m for m in flow if m.is_request][-1]
    answer = next(m for m in flow if not m.is_request)
    (_, _, r), = play(phone, [arrives, answer], "ua1", 1826)
    assert r.all("path") == answer.all("path")
    assert [v for n, v in r.headers if n == "Via"][1:] == [v for n, v in arrives.headers if n == "Via"][1:]
    assert house.json("reg", "show", "ua1")[0]["path"] == answer.all("path")
    without = adapted(phone, arrives)
    without.set("Supported", None)
    without.set("CSeq", "1900 REGISTER")
    r = phone.ask(without)[1]
    assert (r.code, r.get("unsupported")) == (420, "path")
    phone.close()


@pytest.mark.parametrize("which", ["3.2", "9.2", "9.4"])
def test_rfc5626(corpus, house_of, which):
    """Where the RFC has edge proxies, as they would send it on: below their Via, with the Path of the answer."""
    house = house_of("example.com", "bob")
    phone = Phone(house, "bob", transport="tcp")
    flow = messages(corpus, f"rfc5626/{which}")
    begun = house.json("reg", "list")
    for i, m in enumerate(flow):
        if not m.is_request or m.method != "REGISTER":
            continue
        answer = next((r for r in flow[i + 1:] if not r.is_request and r.call_id == m.call_id), None)
        path = answer.all("path") if answer else []
        ask = adapted(phone, m)
        if path:
            ask.headers.insert(1, ("Via", m.get("via")))
            ask.headers.append(("Path", path[0]))
        ask.set("CSeq", f"{m.cseq * 10 + len(begun)} REGISTER")
        ask.set("Call-ID", m.call_id + which)
        r = phone.transact(ask)
        r = phone.transact(phone.credential(ask, r, password=PASSWORD, username="bob"))
        assert r.code == 200 and "outbound" in r.get("require"), r
        assert r.all("path") == path
        wanted = {w for w in m.get("contact").replace(" ", "").split(";") if w.startswith(("reg-id", "+sip"))}
        assert any(wanted <= set(c.replace(" ", "").split(";")) for c in r.all("contact")), (wanted, r.all("contact"))
    phone.close()


# ---- digests that must not pass ----------------------------------------------

@pytest.fixture
def bob(house_of):
    phone = Phone(house_of("example.com", "bob"), "bob")
    yield phone
    phone.close()


def vectors(corpus):
    return json.loads((corpus / "digest/vectors.json").read_text())


def challenged(phone):
    m = phone.request("REGISTER", f"sip:{phone.domain}", to=phone.aor)
    return m, digest.parse(phone.transact(m).get("www-authenticate"))


def test_responses_of_wrong_length(corpus, bob):
    """Both as the RFC prints them; and right ones of ours, cut to that length or longer."""
    lengths = set()
    for v in vectors(corpus)["must_reject"]:
        m = bob.request("REGISTER", f"sip:{bob.domain}", to=bob.aor)
        m.set("Authorization", v["header"])
        assert bob.transact(m).code in (400, 401), v["name"]
        lengths.add(len(digest.parse(v["header"])["response"]))
    assert lengths == {26, 31}
    for length in sorted(lengths | {0, 1, 33, 64, 1000}):
        m, c = challenged(bob)
        good = digest.parse(digest.answer(c, "bob", PASSWORD, "REGISTER", m.uri))
        good["response"] = (good["response"] * 32)[:length]
        m = bob.request("REGISTER", m.uri, to=bob.aor)
        m.set("Authorization", "Digest " + ", ".join(f'{k}="{v}"' for k, v in good.items()))
        assert bob.transact(m).code in (400, 401), length
    assert not [b for b in bob.house.json("reg", "list") if b["contact"] == bob.contact]


def test_basic(corpus, bob):
    """C1: whatever it says, it is no credential here."""
    for v in vectors(corpus)["basic"]:
        for text in (v["credentials"], "Ym9iOnphbnppYmFy"):     # bob:zanzibar
            m = bob.request("REGISTER", f"sip:{bob.domain}", to=bob.aor)
            m.set("Authorization", f"Basic {text}")
            assert bob.transact(m).code in (400, 401)
