"""Providers over TLS, as all of them outside this machine are: certificates are checked."""

import asyncio
import datetime
import ipaddress
import ssl

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from llm.providers.transport import PacedTransport

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _certificate(name, issuer=None):
    """(certificate, key): of an authority without `issuer`, else of a server called `name`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    local = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    names = [local] if name == "127.0.0.1" else [x509.DNSName(name)]
    signer, signing_key = issuer or (None, key)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signing_key, hashes.SHA256())
    )
    return built, key


def _pem(*things):
    out = b""
    for thing in things:
        if isinstance(thing, x509.Certificate):
            out += thing.public_bytes(serialization.Encoding.PEM)
        else:
            out += thing.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
    return out


@pytest.fixture(scope="module")
def authority():
    return _certificate("An authority")


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    path = tmp_path / "authority.pem"
    path.write_bytes(_pem(authority[0]))
    monkeypatch.setenv("SSL_CERT_FILE", str(path))


async def _serve(path, server):
    """The port of a server that streams what it was sent, cut into chunks."""
    path.write_bytes(_pem(*server))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        writer.write(ANSWER)
        for start in range(0, len(body), 1000):
            piece = body[start : start + 1000]
            writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        writer.close()

    started = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    return started, started.sockets[0].getsockname()[1]


def _client():
    return httpx2.AsyncClient(transport=PacedTransport(httpx2.Limits()), timeout=10)


async def test_a_stream_comes_whole_through_tls(authority, trusted, tmp_path):
    server, port = await _serve(tmp_path / "server.pem", _certificate("127.0.0.1", authority))
    body = bytes(range(256)) * 1500
    async with server, _client() as client:
        for _ in range(2):
            answer = await client.post(f"https://127.0.0.1:{port}/v1", content=body)
            assert answer.content == body


@pytest.mark.parametrize("name", ["another.example", "127.0.0.1"])
async def test_a_wrong_name_and_an_unknown_authority_are_refused(
    authority, trusted, tmp_path, name
):
    issuer = authority if name == "another.example" else _certificate("An authority")
    server, port = await _serve(tmp_path / "server.pem", _certificate(name, issuer))
    async with server, _client() as client:
        with pytest.raises(httpx2.ConnectError, match=r"(?i)certificate"):
            await client.post(f"https://127.0.0.1:{port}/v1", content=b"secret")


async def test_plain_http_at_a_tls_address_is_an_error_and_no_hang(tmp_path, trusted):
    async def answer(reader, writer):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, _client() as client:
        with pytest.raises(httpx2.ConnectError):
            await client.post(f"https://127.0.0.1:{port}/v1", content=b"x")
