"""A real mail server on this machine, which says what it is told to say."""

import email
import email.policy
from email.header import decode_header, make_header

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class _Server(Controller):
    """On a port that nobody had: the library greets itself at the one it was given."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


class PostOffice:
    """An SMTP server. answers: what it says to each letter, the last for ever. login: user and password that it wants, over TLS only.
    to: what it says to a reader."""

    def __init__(self, *answers, login=None, to=(), tls=None):
        self.letters, self.logins = [], 0
        self._answers, self._login, self._to = [*answers, "250 OK"], login, dict(to)
        words = {"authenticator": self._authenticate, "auth_required": True} if login else {}
        self._server = _Server(self, hostname="127.0.0.1", port=0, tls_context=tls, require_starttls=tls is not None, **words)

    def open(self):
        self._server.start()
        return self

    def close(self):
        self._server.stop(no_assert=True)

    @property
    def port(self):
        return self._server.port

    def url(self, *, to="you@here.example", scheme="mailto", login=""):
        return f"{scheme}://{login}127.0.0.1:{self.port}?from=me@here.example&to={to}&mode={'starttls' if scheme == 'mailtos' else 'insecure'}"

    async def handle_RCPT(self, server, session, envelope, address, options):
        envelope.rcpt_tos.append(address)
        return self._to.get(address, "250 OK")

    async def handle_DATA(self, server, session, envelope):
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer.startswith("250"):
            self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return answer

    def _authenticate(self, server, session, envelope, mechanism, data):
        self.logins += 1
        return AuthResult(success=(data.login.decode(), data.password.decode()) == self._login, handled=False)

    def read(self):
        """Subject and text of each letter, oldest first."""
        return [(str(make_header(decode_header(letter["subject"]))), letter.get_content().replace("\r\n", "\n").rstrip("\n")) for letter in self.letters]
