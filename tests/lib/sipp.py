"""sipp as a source of load or as a party to a scenario, bounded in calls and in time."""
import csv
import pathlib
import socket
import subprocess

from .wait import eventually

SCENARIOS = pathlib.Path(__file__).resolve().parent.parent / "sipp"


class Sipp:
    def __init__(self, house, scenario, directory, port, name=None, ip=None):
        self.house, self.port = house, port
        self.scenario = SCENARIOS / scenario
        self.name = name or pathlib.Path(scenario).stem
        self.dir = pathlib.Path(directory) / self.name
        self.dir.mkdir(parents=True)
        self.ip = ip or house.phone_ip
        self.process = None

    def users(self, names, *more):
        """Used one after another: [field0] the name, [field1] the domain, [field2]
        what sipp makes the credential of, [field3] ... from the lists in more."""
        lines = ["SEQUENTIAL"]
        for i, name in enumerate(names):
            password = self.house.passwords[name]
            lines.append(";".join([name, self.house.domain,
                                   f"[authentication username={name} password={password}]",
                                   *(column[i] for column in more)]))
        (self.dir / "users.csv").write_text("\n".join(lines) + "\n")
        return self

    def start(self, calls, rate=10, seconds=60, arguments=()):
        command = ["sipp", f"{self.house.ip}:{self.house.port}", "-sf", str(self.scenario),
                   "-i", self.ip, "-mi", self.ip, "-p", str(self.port), "-m", str(calls), "-r", str(rate),
                   "-nostdin", "-timeout", str(seconds), "-timeout_error", "-trace_err",
                   "-error_file", str(self.dir / "errors"), "-trace_stat", "-stf", str(self.dir / "stat"),
                   "-fd", "1", *arguments]
        if (self.dir / "users.csv").exists():
            command += ["-inf", str(self.dir / "users.csv")]
        self.output = open(self.dir / "output", "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=subprocess.STDOUT, cwd=self.dir)
        return self

    def ready(self):
        """Waits until it has its port: what answers must be there before what asks."""
        def taken():
            assert self.process.poll() is None, self.errors()
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as s:
                    try:
                        s.bind((self.ip, self.port))
                    except OSError:
                        return True
            return False
        eventually(taken, 10, 0.02, f"sipp on port {self.port}")
        return self

    def wait(self, timeout):
        """Its exit code: 0 when every call succeeded."""
        code = self.process.wait(timeout)
        self.output.close()
        return code

    def figures(self):
        """The last line of its statistics: successful and failed calls, retransmissions."""
        with open(self.dir / "stat", newline="") as f:
            row = list(csv.DictReader(f, delimiter=";"))[-1]
        return {"ok": int(row["SuccessfulCall(C)"]), "failed": int(row["FailedCall(C)"]),
                "retransmissions": int(row["Retransmissions(C)"])}

    def errors(self):
        f = self.dir / "errors"
        return f.read_text(errors="replace")[-3000:] if f.exists() else ""

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)
        if self.process:
            self.output.close()
