"""Row 24: transport, server and client transactions each log as much as they are told to."""
import collections
import re

from lib.wait import eventually


def test_levels_of_components(houses, phones):
    """Changed while the house runs; a call's key leads from the one to the other."""
    house = houses(settings={"log-level": "problems", "authenticate": "register"}).start()
    house.import_users(["anna", "bert"])
    bert = phones(house, "bert").registered()

    def talk():
        """The records that a refused call leaves: {tag: [(level, text)]}"""
        before = (house.log / "sipd.log").stat().st_size
        call = phones(house, "anna").invite("bert")
        bert.reply(bert.wait_request("INVITE", call_id=call.call_id), 486, to_tag="x")
        bert.wait_request("ACK", call_id=call.call_id)
        assert call.finish().code == 486
        found = collections.defaultdict(list)
        with open(house.log / "sipd.log") as f:
            f.seek(before)
            for line in f:
                _, level, tag, text = line.rstrip().split(" ", 3)
                found[tag.partition("-")[0]].append((int(level), tag.partition("-")[2], text))
        return found

    def tell(*lines):
        conf = house.etc / "sip.conf"
        conf.write_text(re.sub(r"(?m)^log-tag .*\n", "", conf.read_text()) + "".join(f"log-tag {x}\n" for x in lines))
        house.sipctl("config", "apply")

    assert not talk()
    tell("SIPC all", "SIPDATA failure")
    said = talk()
    assert set(said) == {"SIPC"} and {level for level, _, _ in said["SIPC"]} == {4, 5}
    assert "INVITE transaction: completed" in [text for _, _, text in said["SIPC"]]
    tell("SIPC all", "SIPS all", "SIPDATA all")

    def both():
        said = talk()
        assert set(said) == {"SIPC", "SIPS", "SIPDATA"}, said
        return {key for _, key, _ in said["SIPC"]} == {key for _, key, _ in said["SIPS"]}
    assert eventually(both)
    tell()
    assert not talk()
