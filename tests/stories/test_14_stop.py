"""A stop in the middle of things: nothing is left, nobody is told anything wrong."""
from lib import sdp
from lib.sip import Call


def test_stop_while_it_rings(houses, phones):
    """SIGTERM with three calls ringing and one that talks."""
    house = houses(settings={"media-policy": "always", "processors": "2"}).start()
    house.add_users("anna", "bert")
    anna = phones(house, "anna").registered()
    bert = phones(house, "bert").registered()
    calls = []
    for _ in range(4):
        call = anna.invite("bert", sdp.offer(house.phone_ip, 14000))
        far = Call.from_invite(bert, bert.wait_request("INVITE", call_id=call.call_id))
        far.ring()
        call.wait_code(180)
        calls.append((call, far))
    call, far = calls[0]
    bert.reply(far.request, 200, to_tag=far.local_tag, body=sdp.offer(house.phone_ip, 14002),
               headers=[("Contact", f"<{bert.contact}>")])
    call.established()
    house.down()
    for other, _ in calls[1:]:
        assert [r.code for r in other.provisional][-1] == 180
        assert not any(way == "<" and not m.is_request and m.code >= 400 and m.call_id == other.call_id
                       and m.code not in (401, 407) for way, m in anna.log)
    assert house.complaints() == []
