"""Transcripts of a terminal: what is typed, what is shown, what it exits with.

    $ sipctl calls                  typed in a shell
    #  STATE    FROM                the output, stdout before stderr
    <n>  talking  <word>
    [exit 1]                        unless it is 0

<n> is a figure or a time, <date> one with its day, <word> has no blank, <any> is the rest of
a line or less, <...> on a line of its own any number of lines. Two blanks or more are a gap
of any width.
"""
import os
import re
import subprocess

from .house import BIN

MASKS = {"<n>": r"-?\d[\d.,:]*", "<date>": r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<word>": r"\S+", "<any>": r".*?"}
PARTS = re.compile("|".join(map(re.escape, MASKS)) + "|  +")


def pattern(line):
    """A regular expression for one line."""
    out, at = "", 0
    for m in PARTS.finditer(line):
        out += re.escape(line[at:m.start()]) + MASKS.get(m.group(), " *" if m.start() == 0 else "  +")
        at = m.end()
    return out + re.escape(line[at:]) + " *"


def steps(text):
    """(command, lines expected, exit code) of a transcript."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], [], 0))
        elif m := re.fullmatch(r"\[exit (\d+)\]", line):
            found[-1] = (*found[-1][:2], int(m.group(1)))
        elif found:
            found[-1][1].append(line)
    for _, lines, _ in found:
        while lines and not lines[-1]:
            lines.pop()
    return found


def matches(wanted, shown):
    """Do the lines of a transcript say what was shown?"""
    expression = "".join(r"(?:.*\n)*?" if w == "<...>" else pattern(w) + "\n" for w in wanted)
    return re.fullmatch(expression, shown) is not None


def shell(house, command, cwd=None):
    env = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "CORDBOARD_DIR": str(house.dir),
                        "LC_ALL": "C.UTF-8"}
    return subprocess.run(["sh", "-c", command], env=env, cwd=cwd or house.dir, capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL)


def play(house, text, names):
    """Types everything. names: what stands in the transcript for what is shown here."""
    wrong, names = [], dict(sorted(names.items(), key=lambda n: -len(n[1])))
    for command, wanted, code in steps(text):
        for name, real in names.items():
            command = command.replace(name, real)
        done = shell(house, command)
        shown = done.stdout + done.stderr
        for name, real in names.items():        # as a word: a host may be called "a"
            shown = re.sub(rf"(?<![\w.-]){re.escape(real)}(?![\w-])", lambda _: name, shown)
        if not matches(wanted, shown) or done.returncode != code:
            wrong.append(f"$ {command}\n{shown}[exit {done.returncode}]\n---- wanted:\n" + "\n".join(wanted) +
                         f"\n[exit {code}]")
    assert not wrong, "\n\n".join(wrong)
