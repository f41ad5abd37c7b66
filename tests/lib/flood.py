"""tests/load/flood: who sends at a rate and answers nothing."""
import subprocess

from .house import BIN, free_address

PROGRAM = BIN.parent / "tests/load/flood"


class Flood:
    def __init__(self, house, kind, rate, seconds, callee="nobody-here"):
        self.command = ["nice", "-n", "5", PROGRAM, kind, free_address(), house.ip, str(house.port), str(rate),
                        str(seconds), f"{callee}@{house.domain}"]
        self.seconds = seconds
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        return self

    def wait(self):
        """{"out", "in"}: (datagrams, octets)."""
        said, _ = self.process.communicate(timeout=self.seconds + 30)
        assert self.process.returncode == 0
        words = said.split()
        return {words[i]: (int(words[i + 1]), int(words[i + 2])) for i in (0, 3)}

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
