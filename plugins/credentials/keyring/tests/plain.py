"""Key stores that are none."""

from keyring.backend import KeyringBackend


class PlaintextKeyring(KeyringBackend):
    """As keyrings.alt has one, by name."""

    priority = 1

    def get_password(self, service, username):
        raise AssertionError("nobody asks it")

    set_password = delete_password = get_password


class Derived(PlaintextKeyring):
    """By another name."""


class Forgetful(KeyringBackend):
    """Takes everything and keeps nothing."""

    priority = 1

    def get_password(self, service, username):
        return None

    def set_password(self, service, username, password):
        return None

    def delete_password(self, service, username):
        return None
