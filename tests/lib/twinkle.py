"""Debian's twinkle-console: a phone that signs in; without a sound card it cannot talk."""
import os
import pathlib
import subprocess

from .house import free_ports
from .wait import eventually


class Twinkle:
    def __init__(self, house, user, directory):
        self.house, self.user = house, user
        self.dir = pathlib.Path(directory) / f"twinkle-{user}"
        (self.dir / ".twinkle").mkdir(parents=True)
        port = free_ports()
        (self.dir / ".twinkle/twinkle.sys").write_text(f"sip_port={port}\nrtp_port={port + 4}\n")
        (self.dir / f".twinkle/{user}.cfg").write_text(f"""\
user_name={user}
user_domain={house.domain}
auth_name={user}
auth_pass={house.passwords[user]}
outbound_proxy={house.ip}:{house.port}
all_requests_to_proxy=yes
registrar={house.ip}:{house.port}
registration_time=3600
register_at_startup=yes
""")
        self.process = None

    def start(self):
        self.output = open(self.dir / "output", "wb")
        self.process = subprocess.Popen(["twinkle-console", f"{self.user}.cfg"], stdin=subprocess.PIPE, stdout=self.output,
                                        stderr=subprocess.STDOUT, cwd=self.dir, env=os.environ | {"HOME": str(self.dir)})
        return self

    def said(self):
        return (self.dir / "output").read_text(errors="replace")

    def registered(self, timeout=15):
        eventually(lambda: self.house.contacts(self.user) and "registration succeeded" in self.said(), timeout,
                   what=f"{self.user} registered")
        return self

    def quit(self):
        """Signs off first."""
        self.process.stdin.write(b"quit\n")
        self.process.stdin.flush()
        self.process.wait(10)

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)
        self.process.stdin.close()
        self.output.close()
