"""The flight recorder: what a call left behind, also of a sipd that was killed."""
import re

from lib import sdp
from lib.house import DAEMONS
from lib.sip import Call

KEY = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"


def crypto(phone, port=14000):
    """An offer that carries a key."""
    return (sdp.offer(phone.wire.local[0], port) +
            f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4\r\n")


def talk_and_end(caller, callee):
    call = caller.invite(callee.user, crypto(caller))
    far = Call.from_invite(callee, callee.wait_request("INVITE", call_id=call.call_id))
    far.ring()
    call.wait_code(180)
    callee.reply(far.request, 200, to_tag=far.local_tag, body=crypto(callee, 14002),
                 headers=[("Contact", f"<{callee.contact}>")])
    call.established()
    callee.wait_request("ACK", call_id=far.call_id)
    call.send_bye()
    far.wait_bye()
    assert caller.wait(lambda m: not m.is_request and m.method == "BYE", what="200 to BYE").code == 200
    return call.call_id


def trace(house, call_id):
    return house.json("trace", "--call-id", call_id)


def labels(rows):
    """"<INVITE" for what came in, ">407 ..." for what left, "TAG" for the rest."""
    way = {"in": "<", "out": ">"}
    return [way[r["kind"]] + r["what"] if r["kind"] in way else r["tag"] for r in rows]


def in_order(wanted, found):
    """wanted, with others between them."""
    rest = iter(found)
    missing = [w for w in wanted if not any(f.startswith(w) for f in rest)]
    assert not missing, f"{missing} not in order in {found}"


CALL = ["<INVITE", "AUTH", ">407", "<ACK", "<INVITE", ">100", "AUTH", "SIGNAL", ">INVITE", "<180", ">180",
        "<200", ">200", "SIGNAL", "<ACK", ">ACK", "<BYE", ">BYE", "<200", ">200"]


def secrets_of(house, *people):
    """What may stand in no file of the recorder."""
    found = {KEY, *house.passwords.values()}
    for phone in people:
        for way, m in phone.log:
            if way == ">":
                found |= set(re.findall(r'response="([0-9a-f]{32})"', m.bytes().decode(errors="replace")))
    assert len(found) > 3
    return found


def rings(house):
    return b"".join(f.read_bytes() for f in sorted((house.run_dir / "recorder").iterdir()))


def test_calls_and_kill(house, phones):
    """A call, a refused call, registrations; sipd is killed; another call."""
    anna = phones(house, "anna").registered()
    bert = phones(house, "bert").registered()
    first = talk_and_end(anna, bert)
    refused = anna.invite("nobody", crypto(anna))
    assert refused.finish().code in (404, 480)
    before = house.pids()
    house.kill("sipd")
    rows = trace(house, first)      # nobody lives who could answer
    in_order(CALL, labels(rows))
    house.back(before, ["sipd"])
    second = talk_and_end(anna, bert)

    for call_id in (first, second):
        rows = trace(house, call_id)
        in_order(CALL, labels(rows))
        assert sum(r["kind"] == "out" for r in rows) >= 8
        assert len([r for r in rows if r["kind"] == "in" and r["what"] == "INVITE"]) == 2
        assert all(r["peer"].startswith("udp:") for r in rows if r["kind"] in ("in", "out"))
        assert [r["after_ms"] for r in rows] == sorted(r["after_ms"] for r in rows)
        invite = next(r for r in rows if r["what"] == "INVITE" and "Authorization" in r["text"])
        assert 'response="' + 32 * "*" + '"' in invite["text"]
        assert len(invite["text"]) == len(invite["text"].encode())
        assert "inline:" + len(KEY) * "*" in invite["text"]
    in_order(["<INVITE", "<INVITE", "ROUTER", "SIGNAL"], labels(trace(house, refused.call_id)))
    listed = {r["call_id"]: r for r in house.json("trace")}
    assert listed[first]["code"] == 200 and listed[second]["code"] == 200
    assert listed[first]["from"] == f"anna@{house.domain}"
    assert listed[first]["to"] == f"bert@{house.domain}"
    assert listed[refused.call_id]["code"] in (404, 480)
    failed = house.json("trace", "--failed")
    assert [r["call_id"] for r in failed] == [refused.call_id]
    everything = house.json("trace", "--all")
    assert sum(r["method"] == "REGISTER" and r["code"] == 200 for r in everything) == 2
    by_id = house.json("trace", failed[0]["id"])
    assert by_id == trace(house, refused.call_id)
    whole = rings(house)
    assert KEY[:8].encode() not in whole
    for secret in secrets_of(house, anna, bert):
        assert secret.encode() not in whole, secret


def test_what_the_others_decided(houses, phones):
    """Beside sipd's records, by the same key; read when nobody lives any more."""
    house = houses(settings={"media-policy": "always"}).start()
    house.import_users(["anna", "bert"])
    anna, bert = (phones(house, u).registered() for u in ("anna", "bert"))
    call_id = talk_and_end(anna, bert)
    wrong = phones(house, "anna", password="wrong")
    wrong.register()
    house.kill("keeper", *DAEMONS)
    rows = trace(house, call_id)
    said = {name: [r["what"] for r in rows if r["daemon"] == name] for name in DAEMONS}
    in_order(["offer of the caller: rewritten, our ports ", "answer of the callee: rewritten, our ports ", "session closed"],
             [re.sub(r"(?<=ports ).*", "", w) for w in said["mediad"]])
    assert any(re.match(r"decided in \d+ us", w) for w in said["routed"]), said
    assert f"credential of anna@{house.domain}: good" in said["regd"]
    assert f"REGISTER of anna@{house.domain}: done, contacts 1" in [
        r["what"] for r in trace(house, anna.register_id) if r["daemon"] == "regd"]
    assert any("not carried out: " in r["what"] for r in trace(house, wrong.register_id) if r["daemon"] == "regd")
    ladder = house.sipctl("trace", call_id).stdout
    assert re.search(r"routed: decided in \d+ us", ladder) and "mediad: offer of the caller" in ladder
    assert not re.search(r"├ (regd|mediad): .*(regd|mediad): ", ladder)
    for secret in secrets_of(house, anna, bert):
        assert secret.encode() not in rings(house), secret
