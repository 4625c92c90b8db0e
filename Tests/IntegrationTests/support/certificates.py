"""A certificate authority for the length of a test run, made with the openssl command."""

import pathlib
import ssl
import subprocess


class Authority:
    """A root that signs certificates for upstreams and sites; files live in `folder`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.certificate = self.folder / "root.crt"
        self._key = self.folder / "root.key"
        _openssl(
            "req",
            "-x509",
            *_new_key(self._key),
            "-days",
            "2",
            "-subj",
            "/CN=Test Root",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-out",
            self.certificate,
        )

    def issue(self, *names):
        """Certificate and key files for these names or addresses."""
        base = self.folder / names[0].replace("*", "any")
        certificate, key, request = (
            base.with_name(base.name + end) for end in (".crt", ".key", ".csr")
        )
        if not certificate.exists():
            kinds = ["IP:" + n if n.replace(".", "").isdigit() else "DNS:" + n for n in names]
            extensions = base.with_name(base.name + ".ext")
            extensions.write_text("subjectAltName=" + ",".join(kinds) + "\n")
            _openssl("req", "-new", *_new_key(key), "-subj", f"/CN={names[0]}", "-out", request)
            _openssl(
                "x509",
                "-req",
                "-in",
                request,
                "-CA",
                self.certificate,
                "-CAkey",
                self._key,
                "-CAcreateserial",
                "-days",
                "1",
                "-extfile",
                extensions,
                "-out",
                certificate,
            )
        return certificate, key

    def server_context(self, *names):
        """A TLS context for an upstream with these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(*names))
        return context

    def client_context(self):
        """A TLS context that trusts this authority and nothing else."""
        return ssl.create_default_context(cafile=str(self.certificate))


def _new_key(path):
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path)


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
