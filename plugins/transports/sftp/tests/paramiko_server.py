"""paramiko's own server, made to fail: an SFTP server without fsync, posix-rename, limits and statvfs, that also can do worse."""

import errno
import os
import socket
import threading
from contextlib import suppress

import paramiko
from paramiko import SFTP_FAILURE, SFTP_OK, SFTP_PERMISSION_DENIED, SFTPAttributes, SFTPHandle, SFTPServer, SFTPServerInterface


class Faults:
    """What goes wrong. write: by the number of the write, counted from 1 over all files; its status. open, rename, remove, chattr: the status of each.

    login, session, subsystem: called when one is asked for. guards_rights: opens no file whose own rights forbid it, as for one who is not root.
    ignore_exclusive: opens what is there. lose_after: the connection breaks after this step, once, and its answer is lost.
    """

    def __init__(self):
        self.write, self.writes = {}, 0
        self.open = self.rename = self.chattr = None
        self.ignore_exclusive = self.renames_over = self.keep_removed = self.guards_rights = False
        self.lose_after = None
        self.always_fail_at = None
        self.lie_about_size = 0
        self.names, self.opened = [], []
        self.login = self.session = self.subsystem = lambda: None


class Server(paramiko.ServerInterface):
    def __init__(self, passwords, keys, questions, log, faults):
        self.passwords, self.keys, self.questions, self.log, self.faults = passwords, keys, questions, log, faults
        self.proofs = []

    def get_allowed_auths(self, username):
        return ",".join(
            way for way, there in (("publickey", self.keys), ("password", self.passwords), ("keyboard-interactive", self.questions)) if there
        )  # fmt: skip

    def check_auth_password(self, username, password):
        self.log.append(("password", username))
        self.faults.login()
        self.proofs.append(password)
        return paramiko.AUTH_SUCCESSFUL if self.passwords.get(username) == password else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username, key):
        self.log.append(("publickey", username))
        return paramiko.AUTH_SUCCESSFUL if key in self.keys else paramiko.AUTH_FAILED

    def check_auth_interactive(self, username, submethods):
        query = paramiko.InteractiveQuery("please", "")
        for text, echo in (("Name: ", True), ("Password: ", False)):
            query.add_prompt(text, echo)
        self._asked = username
        return query

    def check_auth_interactive_response(self, responses):
        self.log.append(("questions", responses))
        return paramiko.AUTH_SUCCESSFUL if self.questions.get(self._asked) == list(responses)[-1] else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        self.faults.session()
        return paramiko.OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel, name):
        self.faults.subsystem()
        return super().check_channel_subsystem_request(channel, name)


class Handle(SFTPHandle):
    faults = shelf = None

    def write(self, offset, data):
        self.faults.writes += 1
        failure = self.faults.write.pop(self.faults.writes, None)
        place = self.faults.always_fail_at
        if place is not None and offset <= place < offset + len(data):
            failure = SFTP_FAILURE
        return failure if failure is not None else self.shelf.done("write", super().write(offset, data))

    def close(self):
        super().close()
        self.shelf.done("close")

    def stat(self):
        found = SFTPAttributes.from_stat(os.fstat(self.readfile.fileno()))
        found.st_size -= min(self.faults.lie_about_size, found.st_size)
        return self.shelf.done("look", found)

    def chattr(self, attr):
        if self.faults.chattr is not None:
            return self.faults.chattr
        if attr.st_size is not None:
            os.ftruncate(self.writefile.fileno(), attr.st_size)
        self.writefile.flush()
        SFTPServer.set_file_attr(self.path, SFTPAttributes.from_stat(os.stat(self.path)) if attr.st_size is not None else attr)
        return self.shelf.done("attributes", SFTP_OK)


class Shelf(SFTPServerInterface):
    def __init__(self, server, root, faults, transport):
        super().__init__(server)
        self.root, self.faults, self.transport = root, faults, transport

    def _path(self, path):
        return str(self.root / self.canonicalize(path).lstrip("/"))

    def open(self, path, flags, attr):
        self.faults.names.append(path)
        if self.faults.open is not None:
            return self.faults.open
        if self.faults.ignore_exclusive:
            flags &= ~os.O_EXCL
        wanted = 0o200 if flags & (os.O_WRONLY | os.O_RDWR) else 0o400
        if self.faults.guards_rights and os.path.exists(self._path(path)) and not os.stat(self._path(path)).st_mode & wanted:
            return SFTP_PERMISSION_DENIED
        try:
            descriptor = os.open(self._path(path), flags, attr.st_mode or 0o600)
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)
        handle = Handle(flags)
        handle.faults, handle.shelf, handle.path, handle.filename = self.faults, self, self._path(path), self._path(path)
        file = os.fdopen(descriptor, "r+b" if flags & os.O_RDWR else "wb" if flags & os.O_WRONLY else "rb", buffering=0)
        handle.readfile = handle.writefile = file
        self.faults.opened.append(file)
        return self.done("open", handle)

    def done(self, step, found=None):
        if self.faults.lose_after == step:
            self.faults.lose_after = None
            self.transport.close()
        return found

    def _do(self, act):
        try:
            found = act()
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)
        return SFTP_OK if found is None else found

    def stat(self, path):
        return self._do(lambda: SFTPAttributes.from_stat(os.stat(self._path(path))))

    def lstat(self, path):
        return self._do(lambda: SFTPAttributes.from_stat(os.lstat(self._path(path))))

    def chattr(self, path, attr):
        return self._do(lambda: SFTPServer.set_file_attr(self._path(path), attr))

    def remove(self, path):
        if self.faults.keep_removed:
            return SFTP_OK
        return self.done("remove", self._do(lambda: os.remove(self._path(path))))

    def mkdir(self, path, attr):
        return self.done("folder", self._do(lambda: os.mkdir(self._path(path))))

    def rename(self, old, new):
        if self.faults.rename is not None:
            return self.faults.rename
        if os.path.exists(self._path(new)) and not self.faults.renames_over:
            return SFTPServer.convert_errno(errno.EEXIST)
        return self.done("rename", self._do(lambda: os.rename(self._path(old), self._path(new))))


class Patient(SFTPServer):
    """paramiko's own cries in its thread where a client leaves before it has begun."""

    def _run(self):
        with suppress(Exception):
            super()._run()


class ParamikoServer:
    """Listens on loopback; files are below ``root``."""

    def __init__(self, folder, *, passwords=None, keys=(), questions=None, key=None):
        self.root, self.faults, self.log = folder / "root", Faults(), []
        self.root.mkdir(parents=True)
        self.key = key or paramiko.ECDSAKey.generate()
        self._server = Server(passwords or {}, list(keys), questions or {}, self.log, self.faults)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._transports, self.connections = [], 0
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(self.known_as("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def proofs(self):
        """The passwords that came."""
        return self._server.proofs

    def known_as(self, host, port):
        return f"[{host}]:{port} {self.key.get_name()} {self.key.get_base64()}\n"

    def url(self, path="", user="me"):
        return f"sftp://{user}@127.0.0.1:{self.port}/{path}"

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            transport = paramiko.Transport(connection)
            transport.set_log_channel("sendoff.tests.server")
            transport.daemon = True
            transport.add_server_key(self.key)
            transport.set_subsystem_handler("sftp", Patient, Shelf, self.root, self.faults, transport)
            self._transports.append(transport)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(threading.Event(), self._server)

    def say_goodbye(self, words):
        """RFC 4253 section 11.1: by application."""
        message = paramiko.Message()
        message.add_byte(bytes([1]))
        message.add_int(11)
        message.add_string(words)
        message.add_string("")
        for transport in self._transports:
            transport._send_message(message)

    def hang_up(self):
        for transport in self._transports:
            transport.close()

    def close(self):
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for transport in self._transports:
            transport.join(5)
        for file in self.faults.opened:
            file.close()
