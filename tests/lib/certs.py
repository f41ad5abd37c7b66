"""Certificates, made on the spot with the openssl command."""
import pathlib
import subprocess


def openssl(*args, input=None):
    r = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True, input=input)
    assert r.returncode == 0, f"openssl {' '.join(map(str, args))}: {r.stderr}"
    return r.stdout


def new_key(path):
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    path.chmod(0o644)       # the daemons have users of their own
    return path


class Authority:
    """Signs certificates; .file is what verifies them."""

    def __init__(self, directory, name="ca"):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.key, self.file, self.serial = new_key(self.dir / f"{name}.key"), self.dir / f"{name}.pem", 100
        openssl("req", "-x509", "-key", self.key, "-out", self.file, "-days", "3650", "-subj", f"/CN={name}",
                "-addext", "basicConstraints=critical,CA:TRUE")
        self.file.chmod(0o644)

    def issue(self, name, names=None, start=None, end=None, cn=None, usage=None):
        """Files NAME.pem and NAME.key. names: subjectAltName as openssl writes it ("": none); start and end
        as 20260102030405Z."""
        key, chain, request = new_key(self.dir / f"{name}.key"), self.dir / f"{name}.pem", self.dir / f"{name}.csr"
        names = f"DNS:{cn or name},URI:sip:{cn or name}" if names is None else names
        lines = ["basicConstraints=CA:FALSE"]
        lines += [f"subjectAltName={names}"] if names else []
        lines += [f"extendedKeyUsage={usage}"] if usage else []
        (self.dir / f"{name}.ext").write_text("\n".join(lines) + "\n")
        openssl("req", "-new", "-key", key, "-subj", f"/CN={cn or name}", "-out", request)
        self.serial += 1
        times = ["-startdate", start or "20200101000000Z", "-enddate", end or "20490101000000Z"]
        conf = self.dir / "ca.cnf"
        conf.write_text(f"[ca]\ndefault_ca=d\n[d]\nnew_certs_dir={self.dir}\ndatabase={self.dir}/index\n"
                        f"default_md=sha256\npolicy=p\nserial={self.dir}/serial\nunique_subject=no\n"
                        "[p]\ncommonName=supplied\n")
        (self.dir / "index").write_text("")
        (self.dir / "serial").write_text(f"{self.serial:04x}\n")
        openssl("ca", "-batch", "-notext", "-config", conf, "-cert", self.file, "-keyfile", self.key,
                "-in", request, "-out", chain, "-extfile", self.dir / f"{name}.ext", *times)
        chain.chmod(0o644)
        return chain, key
