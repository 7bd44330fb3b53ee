"""An authority, and what it signs for a server on this machine and for a client: ca.pem, server.pem, client.key, ..."""

from shell import run


def make_certificates(folder) -> None:
    def openssl(*words):
        run("openssl", *map(str, words))
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test CA",
            "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    for name in ("server", "client"):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.csr")
        (folder / "ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-CAkey",
                folder / "ca.key", "-CAcreateserial", "-days", "2", "-extfile", folder / "ext",
                "-out", folder / f"{name}.pem")
