"""Digest authentication in all its forms, over the wire (RFC 7616, 8760; rows 42, 48-50)."""
import pytest
from lib import digest
from lib.message import Message
from lib.sip import token

ALGORITHMS = ["SHA-512-256", "SHA-256-sess", "MD5"]


@pytest.fixture(scope="module")
def phone_of(request):
    """phone_of(settings): anna's phone in a house with these, ended with the file."""
    from lib.house import House
    from lib.sip import Phone
    made = []

    def make(settings):
        house = House(settings=settings).start()
        made.append(house)
        house.add_user("anna")
        return Phone(house, "anna")
    yield make
    for house in made:
        assert not house.close()


@pytest.fixture(scope="module")
def anna(phone_of):
    return phone_of({"digest-algorithms": "[sha-512-256, sha-256-sess, md5]", "digest-qop": "[auth, auth-int]"})


def register(phone):
    phone.register_cseq += 1
    return phone.request("REGISTER", f"sip:{phone.domain}", to=phone.aor, call_id=phone.register_id,
                         cseq=phone.register_cseq, headers=[("Expires", "60")])


def challenges(phone):
    r = phone.transact(register(phone))
    assert r.code == 401
    return [digest.parse(v) for n, v in r.headers if n.lower() == "www-authenticate"]


def signed(phone, challenge, body=None, **how):
    m = register(phone)
    again = Message(m.start, m.headers, body or b"")
    again.headers[0] = ("Via", phone.via("z9hG4bK" + token()))
    again.set("Authorization", digest.answer(challenge, "anna", phone.password, "REGISTER", m.uri, body=body, **how))
    return phone.transact(again).code


def test_challenges_in_the_order_of_preference(anna):
    """RFC 8760 section 2.4: one each, the strongest first, all of one nonce's realm."""
    found = challenges(anna)
    assert [c.get("algorithm", "MD5") for c in found] == ALGORITHMS
    assert {c["qop"] for c in found} == {"auth,auth-int"}


@pytest.mark.parametrize("which", range(3), ids=ALGORITHMS)
@pytest.mark.parametrize("body", [None, b"", b"some body"], ids=["auth", "auth-int-empty", "auth-int"])
def test_each_is_accepted(anna, which, body):
    assert signed(anna, challenges(anna)[which], body) == 200


def test_auth_int_covers_the_body(anna):
    c = challenges(anna)[0]
    m = register(anna)
    m.body = b"changed on the way"
    m.set("Authorization", digest.answer(c, "anna", anna.password, "REGISTER", m.uri, body=b"as it was signed"))
    assert anna.transact(m).code == 401


def test_an_algorithm_not_offered_is_refused(anna):
    """S08: the challenge is rewritten on the way to something weaker."""
    for weaker in ("SHA-256", "MD5-sess"):
        c = challenges(anna)[0] | {"algorithm": weaker}
        assert signed(anna, c) == 401


def test_without_qop_is_a_switch(anna, phone_of):
    """Row 50; and then a nonce is good for one request."""
    old = {k: v for k, v in challenges(anna)[2].items() if k != "qop"}
    assert signed(anna, old) == 401
    lax = phone_of({"digest-without-qop": "on"})
    old = {k: v for k, v in challenges(lax)[0].items() if k != "qop"}
    assert signed(lax, old) == 200
    assert signed(lax, old) == 401
