"""Faulty configurations: each told with file, line, column, its line, a mark below the fault, and
what would be right. No daemon runs."""
import re

import pytest

# what is added to a good sip.conf, in which of its lines and where, what is said of it
FAULTS = [
    ("timer-b   8sec", 1, "8sec", "units are ms, s, m, h, d"),
    ("timr-b 8s", 1, "timr-b", 'did you mean "timer-b"?'),
    ("timer-B 8s", 1, "timer-B", 'did you mean "timer-b"?'),
    ("media-policy sometimes", 1, "sometimes", "choose one of auto|always|never"),
    ("authenticate localy", 1, "localy", 'did you mean "local"?'),
    ("digest-algorithms [md5, md6]", 1, "md6", "choose from md5|sha-256"),
    ("processors 6500", 1, "6500", "from 0 to 64"),
    ("max-contacts -1", 1, "-1", "digits only"),
    ("max-contacts ten", 1, "ten", "digits only"),
    ("recorder-size 64q", 1, "64q", "octets, or with k, m, g"),
    ("timer-b", 1, "timer-b", "wants a value"),
    ("timer-b 8s 9s", 1, "9s", 'put "quotes" around one with blanks'),
    ('log-level "all', 1, '"all', "the quote is not closed on this line"),
    ('log-level "a\\qb"', 1, '\\qb"', 'a backslash stands before " or \\ only'),
    ("lan-networks [10.0.0.0/33]", 1, "10.0.0.0/33", "write 10.0.0.0/8"),
    ("lan-networks [10.0.0.1/8]", 1, "10.0.0.1/8", "host bits zero"),
    ("debug-networks [10.0.0.0/8,\n  192.0.2.1,\n  phone7]", 3, "phone7", "write 10.0.0.0/8"),
    ("lan-networks [#office]", 1, "[#office]", 'a name stands in quotes: ["#office"]'),
    ('lan-networks ["#office"]', 1, '"#office"', 'there is no network-list "office"'),
    ('network-list "x y" [10.0.0.0/8]', 1, '"x y"', 'letters, digits, ".", "_" and "-"'),
    ("domain [a.test\nlog-level all\n", 1, "[a.test", '"]" is missing'),
    ("domain [a.test,, b.test]", 1, ", b.test", 'a value or "]" is expected'),
    ("gateway x {\n  domain a.test\n", 1, "{", '"}" is missing'),
    ("}", 1, "}", '"}" without a block'),
    ("gateway {", 1, "{", '"gateway" is not closed'),
    ("gateway x {\n  domian a.test\n}", 2, "domian", 'did you mean "domain"?'),
    ("gateway x {\n  channels 9999999\n  domain a.test\n}", 2, "9999999", "from 0 to 100000"),
    ("gateway x { domain a.test }\ngateway x { domain b.test }", 2, "x {", 'there is a gateway "x" already'),
    ("gateway x {\n  register-every 10m\n}", 1, "x {", "has no domain"),
    ("listen udp:192.0.2.1:99999", 1, "udp:", "write udp:192.0.2.1:5060"),
    ("listen upd:192.0.2.1:5060", 1, "upd:", "tls:[::]:5061"),
    ("media 127.0.0.1:5-4", 1, "127.", "from an even one not below 1024"),
    ("log-tag SIPX all", 1, "SIPX", 'did you mean "SIP"?'),
    ("log-tag SIP loud", 1, "loud", "failure, major, problems, low-level or all"),
    ("time-class office mon-fry", 1, "mon-fry", "write mon-fri, 08:00-18:00"),
    ("dial-rule number nope forward x", 1, "nope", 'there is no dial-number "nope"'),
    ("dns-override a.test 192.0.2.1 tpc", 1, "tpc", 'did you mean "tcp"?'),
    ("dns-override a.test", 1, "a.test", "the host that requests go to is missing"),
    ("min-expires 2h\nmax-expires 1h", 1, "2h", "is longer than"),
    ("timer-b 8\x01s", 1, "\x01s", "a control character"),
    (f"relay-via {5000 * 'x'}", 1, 20 * "x", "too long"),
]


@pytest.fixture(scope="module")
def house(shared_houses):
    return shared_houses().init()


def look(house, path, number, column, words, said):
    """One complaint and the drawing below it."""
    name = path.relative_to(house.etc)
    lines = said.splitlines()
    at = [i for i, line in enumerate(lines) if line.startswith(f"{name}:{number}:{column}: error: ") and words in line]
    assert at, f"{name}:{number}:{column}: ... {words}\n{said}"
    source, mark = lines[at[0] + 1:at[0] + 3]
    assert re.match(rf" +{number} [│|] ", source), said
    below = re.match(r" +[│|] ( *)\^~*$", mark)
    shown = source.split(" │ " if "│" in source else " | ", 1)[1]
    assert below and len(below[1]) == column - 1 <= len(shown), said


@pytest.mark.parametrize("where", ["sip.conf", "conf.d/more.conf"])
def test_each(house, where):
    """In sip.conf, and in a file beside it."""
    path = house.etc / where
    before = path.read_text() if path.exists() else "# nothing yet\n"
    first = before.count("\n") + 1
    for text, line, part, words in FAULTS:
        path.write_text(before + text + "\n")
        r = house.sipctl("config", "check", check=1)
        source = text.split("\n")[line - 1]
        assert re.search(r"^\d+ errors?, \d+ warnings?\. Nothing is in force yet\.$", r.stdout + r.stderr, re.M)
        if len(text) < 1000:
            look(house, path, first + line - 1, source.index(part) + 1, words, r.stdout + r.stderr)
        else:
            assert words in r.stdout + r.stderr
        assert "\x01" not in r.stdout + r.stderr
    path.write_text(before)
    house.sipctl("config", "check")


def test_all_at_once(house):
    """Faults that do not hide others are told together, warnings too."""
    path = house.etc / "sip.conf"
    before = path.read_text()
    faults = [f for f in FAULTS if "\n" not in f[0] and "{" not in f[0] and "}" not in f[0] and "[" not in f[0] and
              '"' not in f[0] and "\x01" not in f[0] and len(f[0]) < 100]
    path.write_text(before + "".join(f[0] + "\n" for f in faults))
    r = house.sipctl("config", "check", check=1)
    said = r.stdout + r.stderr
    assert len(faults) > 15
    for i, (text, _, part, words) in enumerate(faults):
        look(house, path, before.count("\n") + 1 + i, text.index(part) + 1, words, said)
    path.write_text(before)
