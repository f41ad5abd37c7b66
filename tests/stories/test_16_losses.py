"""What UDP loses, doubles and mixes up, between phones that heed RFC 3261 section 17:
the scripted phones lose it. RFC 3665 and RFC 5407 say how a call should end."""
import pytest

from lib import sdp
from lib.sip import Call, NoAnswer


class Lossy:
    """One call from anna to bert over UDP; what each side does not read was lost."""

    def __init__(self, house, phones):
        self.house = house
        house.import_users(["anna", "bert"])
        self.bert = phones(house, "bert").registered()
        self.anna = phones(house, "anna")
        self.call = Call(self.anna, f"sip:bert@{house.domain}", sdp.offer(house.phone_ip, 14000))
        self.call.request = self.anna.request("INVITE", self.call.target, call_id=self.call.call_id,
                                              from_tag=self.call.local_tag, body=self.call.body)
        self.id = self.call.call_id

    def lose(self, phone, start, count=1):
        """So many messages that begin so are lost on their way to a phone; the last one."""
        while count:
            m = phone.wire.read(10)
            assert m is not None, f"no {start} to lose"
            assert m.call_id == self.id
            count -= m.start.startswith(start)
        return m

    def storm(self, m, count=100):
        """anna sends it so often, and reads what comes of it."""
        for _ in range(count):
            self.anna.wire.send(m.bytes())
        while self.anna.wire.read(0.2) is not None:
            pass

    def invite(self):
        self.anna.send(self.call.request)
        self.far = Call.from_invite(self.bert, self.bert.wait_request("INVITE", call_id=self.id))

    def ringing(self):
        self.invite()
        self.far.ring()
        self.call.wait_code(180)

    def says_200(self):
        self.bert.reply(self.far.request, 200, to_tag=self.far.local_tag,
                        body=sdp.offer(self.house.phone_ip, 14002),
                        headers=[("Contact", f"<{self.bert.contact}>")])

    def again(self):
        """bert repeats what he answered to the INVITE."""
        self.bert.send(self.bert.answered[self.far.request.branch, "INVITE"])

    def acknowledged(self):
        return self.bert.wait_request("ACK", call_id=self.id)

    def hang_up(self):
        self.call.send_bye()
        self.far.wait_bye()
        assert self.anna.wait(lambda m: not m.is_request and m.method == "BYE", 10).code == 200


@pytest.fixture
def line(houses, phones):
    house = houses(settings={"authenticate": "register", "media-policy": "always"}).start()
    return Lossy(house, phones)


def test_lost_invite_and_provisionals(line):
    line.anna.send(line.call.request)
    line.lose(line.bert, "INVITE", 2)           # timer A repeats it
    line.far = Call.from_invite(line.bert, line.bert.wait_request("INVITE", call_id=line.id))
    line.far.ring()
    line.lose(line.anna, "SIP/2.0 180")
    line.anna.send(line.call.request)           # the last provisional answers it
    line.call.wait_code(180)
    line.says_200()
    line.call.established()
    line.acknowledged()
    line.hang_up()
    assert line.house.figure("sipd", "calls_begun") == 1


def test_lost_200(line):
    line.ringing()
    line.says_200()
    line.lose(line.anna, "SIP/2.0 200")
    line.again()
    line.lose(line.anna, "SIP/2.0 200")
    line.again()
    line.call.established()
    line.acknowledged()
    line.hang_up()
    assert line.house.figure("sipd", "calls_begun") == 1
    line.house.idle()


def test_lost_ack(line):
    line.ringing()
    line.says_200()
    line.call.established()
    line.lose(line.bert, "ACK")
    line.again()
    with pytest.raises(NoAnswer):               # anna acknowledges each repetition
        line.anna.wait(lambda m: True, 0.5)
    line.acknowledged()
    line.hang_up()
    assert line.house.figure("sipd", "calls_begun") == 1


def test_lost_refusal_and_its_ack(line):
    line.ringing()
    line.bert.reply(line.far.request, 486, to_tag=line.far.local_tag)
    line.lose(line.bert, "ACK")
    line.again()                                # the machine acknowledges, nothing goes up
    line.acknowledged()
    line.lose(line.anna, "SIP/2.0 486", 2)      # timer G repeats it
    assert line.call.finish().code == 486
    line.house.idle()


def test_lost_cancel_and_bye(line):
    line.ringing()
    assert line.call.cancel().code == 200
    line.lose(line.bert, "CANCEL", 2)           # timer E
    line.bert.reply(line.bert.wait_request("CANCEL"), 200)
    line.bert.reply(line.far.request, 487, to_tag=line.far.local_tag)
    line.acknowledged()
    assert line.call.finish().code == 487
    line.house.idle()


def test_cancel_crosses_the_answer(line):
    """RFC 5407 section 3.1.2: the 200 wins, whether a CANCEL reached bert or not; who
    cancelled hangs up."""
    line.ringing()
    line.says_200()
    assert line.call.cancel().code in (200, 481)
    line.call.established()
    line.acknowledged()
    line.hang_up()


def test_both_hang_up(line):
    """RFC 5407 section 3.2.1: two BYEs cross; each is answered."""
    line.ringing()
    line.says_200()
    line.call.established()
    line.acknowledged()
    line.far.route = line.far.request.all("record-route")
    line.call.send_bye()
    line.far.send_bye()
    line.far.wait_bye()
    line.call.wait_bye()
    for p in (line.anna, line.bert):
        assert p.wait(lambda m: not m.is_request and m.method == "BYE", 10).code == 200
    line.house.idle()


def test_storm(line):
    """A phone that repeats itself without end: the other one hears it once."""
    line.ringing()
    before = line.house.figure("sipd", "retransmissions_in")
    line.storm(line.call.request)
    line.bert.silent(0.1)
    line.says_200()
    line.call.established()
    line.storm(line.call.request)
    line.acknowledged()
    line.call.send_bye()
    line.far.wait_bye()
    assert line.anna.wait(lambda m: not m.is_request and m.method == "BYE", 10).code == 200
    line.storm(line.call.bye_request)
    line.bert.silent(0.1)
    absorbed = line.house.figure("sipd", "retransmissions_in") - before
    assert absorbed >= 290, absorbed            # some the kernel may have dropped
