"""Records of calls: one line for each, whatever becomes of it and whoever is killed."""
import collections
import json
import pathlib
import subprocess

from lib import sdp
from lib.house import BIN
from lib.sip import Call
from lib.wait import eventually


TOP = pathlib.Path(__file__).resolve().parents[2]


def records(house):
    file = house.log / "cdr.ndjson"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def of(house, call_id):
    return [r for r in records(house) if r["call_id"] == call_id]


def one(house, call_id):
    eventually(lambda: of(house, call_id), what=f"a record of {call_id}")
    found = of(house, call_id)
    assert len(found) == 1, found
    return found[0]


def called(anna, bert):
    call = anna.invite("bert", sdp.offer(anna.wire.local[0], 14000))
    return call, bert.wait_request("INVITE", call_id=call.call_id)


def answered(anna, bert, headers=()):
    call, invite = called(anna, bert)
    far = Call.from_invite(bert, invite)
    bert.reply(invite, 200, to_tag=far.local_tag, body=sdp.offer(bert.wire.local[0], 14002),
               headers=[("Contact", f"<{bert.contact}>"), *headers])
    call.established()
    bert.wait_request("ACK", call_id=call.call_id)
    return call, far


def hang_up(call, far):
    call.send_bye()
    far.wait_bye()
    call.phone.wait(lambda m: not m.is_request and m.method == "BYE" and m.call_id == call.call_id, what="200 to BYE")


def test_each_call_has_one(house, phones):
    anna, bert = phones(house, "anna").registered(), phones(house, "bert").registered()
    call, far = answered(anna, bert)
    assert not of(house, call.call_id)          # it goes on
    hang_up(call, far)
    r = one(house, call.call_id)
    assert (r["from"], r["to"], r["code"], r["ended_by"]) == (f"anna@{house.domain}", f"bert@{house.domain}", 200,
                                                              "caller")
    assert r["begun"] <= r["answered"] <= r["ended"] and r["duration_s"] >= 0 and r["media"] == "direct"
    assert r["route"] == "domain; account"

    call, far = answered(anna, bert)
    far.send_bye()
    call.wait_bye()
    assert one(house, call.call_id)["ended_by"] == "callee"

    call, invite = called(anna, bert)
    bert.reply(invite, 486, to_tag="b")
    call.finish()
    r = one(house, call.call_id)
    assert (r["code"], r["answered"], r["duration_s"], r["ended_by"]) == (486, None, 0, "")

    nobody = anna.invite("nobody")
    nobody.finish()
    r = one(house, nobody.call_id)
    assert (r["code"], r["route"]) == (404, "domain")

    call, invite = called(anna, bert)
    bert.reply(invite, 180, to_tag="b")
    call.wait_code(180)
    call.cancel()
    bert.reply(bert.wait_request("CANCEL", call_id=call.call_id), 200)
    bert.reply(invite, 487, to_tag="b")
    call.finish()
    r = one(house, call.call_id)
    assert (r["code"], r["ended_by"]) == (487, "caller")
    assert len(records(house)) == 5             # no challenge has one

    house.set("call-records", "off")
    nobody = anna.invite("nobody")
    nobody.finish()
    assert len(records(house)) == 5


def test_false_bye_ends_no_record(house, phones):
    """S21: a BYE with an old CSeq, refused by the callee, bills nobody for nothing."""
    anna, bert, mallory = (phones(house, u).registered() for u in ("anna", "bert", "carl"))
    call, far = answered(anna, bert)
    bye = call._in_dialog("BYE")
    bye.set("CSeq", "1 BYE")
    mallory.send(bye)
    try:
        bert.reply(bert.wait_request("BYE", 1, call_id=call.call_id), 500)
    except AssertionError:
        pass                                    # not even let through
    assert not of(house, call.call_id)
    hang_up(call, far)
    assert one(house, call.call_id)["ended_by"] == "caller"


def test_one_each_across_kills(house, phones):
    """sipd is killed between and in the middle of the ends of calls."""
    anna, bert = phones(house, "anna").registered(), phones(house, "bert").registered()
    ended = []
    for round_ in range(6):
        standing = [answered(anna, bert) for _ in range(4)]
        before = house.pids()
        if round_ % 2:
            for call, _ in standing:            # the BYEs are under way
                call.send_bye()
        house.kill("sipd")
        house.back(before, ["sipd"])
        for call, far in standing:
            if not round_ % 2:
                call.send_bye()
            answer_bye(call, far)
            ended.append(call.call_id)
    for call_id in ended:
        one(house, call_id)
    counts = collections.Counter(r["id"] for r in records(house))
    assert set(counts.values()) == {1}, counts


def answer_bye(call, far):
    """Repeated as timer E does until the 200 is there."""
    caller, callee = call.phone, far.phone
    bye = call.bye_request

    def over(m):
        return not m.is_request and m.method == "BYE" and m.call_id == call.call_id
    for _ in range(40):
        try:
            m = callee.wait_request("BYE", 0.05, call_id=call.call_id)
            callee.reply(m, 200)
        except AssertionError:
            pass
        try:
            caller.wait(over, 0.1)
            return
        except AssertionError:
            caller.wire.send(bye.bytes())
    raise AssertionError("no 200 to BYE")


def rotate(house):
    rules = (TOP / "packaging/logrotate/cordboard").read_text().replace("/var/log/cordboard", str(house.log))
    (house.dir / "rules").write_text("\n".join(line for line in rules.splitlines() if "size" not in line))
    subprocess.run(["/usr/sbin/logrotate", "-f", "-s", house.dir / "rotated", house.dir / "rules"], check=True,
                   timeout=30)


def test_rotation(house, phones):
    """logrotate copies the file and cuts it; what follows begins it anew."""
    anna, bert = phones(house, "anna").registered(), phones(house, "bert").registered()
    first, second = [answered(anna, bert) for _ in range(2)]
    hang_up(*first)
    one(house, first[0].call_id)
    rotate(house)
    hang_up(*second)
    assert one(house, second[0].call_id) and not of(house, first[0].call_id)
    assert first[0].call_id in (house.log / "cdr.ndjson.1").read_text()
    assert "START" in (house.log / "sipd.log.1").read_text()
    assert "START sipd: " in house.sipctl("log", "--daemon", "sipd").stdout      # from there, too


def test_log_is_followed_across_rotation(house):
    """No record is lost and none comes twice, though the file is cut again and again while it is
    read; where it was cut without a copy, that is said."""
    log = house.log / "sipd.log"
    with subprocess.Popen([BIN / "sipctl", "-C", house.dir, "log", "-f", "--tag", "TEST"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as p:
        for n in range(60):
            with open(log, "a") as f:
                f.write(f"2026-11-28T14:00:00.{n:03}Z 3 TEST record {n}\n")
            if n % 20 == 10:
                rotate(house)
            assert p.stdout.readline().endswith(f"TEST record {n}\n")
        with open(log, "a") as f:
            f.write("2026-11-28T14:00:00.999Z 3 TEST before a copy\n")
        rotate(house)           # at once: most likely it was not read before
        with open(log, "a") as f:
            f.write("2026-11-28T14:00:01.000Z 3 TEST after it\n")
        assert [p.stdout.readline()[-14:-1] for _ in range(2)] == ["before a copy", " TEST after it"[-13:]]
        (house.log / "sipd.log.1").unlink()
        log.write_text("")
        assert "records of sipd may be missing" in p.stderr.readline()
        p.kill()


def test_an_administrator_ends_a_call(house, phones):
    """sipctl calls end: both sides hear BYE, and its record says who did it."""
    anna, bert = phones(house, "anna").registered(), phones(house, "bert").registered()
    call, far = answered(anna, bert)
    number = str(house.json("calls")[0]["id"])
    house.sipctl("calls", "end", number)
    for side in (call, far):
        side.wait_bye()
    assert one(house, call.call_id)["ended_by"] == "house"
    eventually(lambda: not house.json("calls"), what="no call any more")
    assert "there is no call" in house.sipctl("calls", "end", number, check=1).stderr
    assert house.sipctl("calls", "end", "x", check=2)
