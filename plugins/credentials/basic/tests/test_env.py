import pytest
from sendoff import CredentialNeeded, InvalidArgument
from sendoff.testing.credential_contract import CredentialContract
from sendoff_credentials_basic.env import EnvCredentials


class TestEnvAsAToken(CredentialContract):
    @pytest.fixture
    def driver(self):
        return EnvCredentials

    @pytest.fixture
    def keep(self, name):
        return lambda secret: {name: secret, "OTHER": "x"}

    def test_it_is_a_bearer_token(self, store, name, keep):
        assert store.get(name, environment=keep("t0ken-value")).kind == "bearer"

    def test_what_is_missing_is_named_with_what_to_set(self, store):
        with pytest.raises(CredentialNeeded) as caught:
            store.get("LAB", environment={})

        assert "LAB_USERNAME and LAB_PASSWORD" in caught.value.message
        assert caught.value.hint == "set LAB, or LAB_USERNAME and LAB_PASSWORD"

    def test_an_empty_variable_is_a_missing_one(self, store):
        with pytest.raises(CredentialNeeded):
            store.get("LAB", environment={"LAB": "", "LAB_USERNAME": "me", "LAB_PASSWORD": ""})

    @pytest.mark.parametrize("secret", ["a\nb", "a\r\nX-Evil: 1", "a\0", "a\x7f"])
    def test_a_value_that_would_break_a_header_is_refused_unseen(self, store, secret):
        with pytest.raises(CredentialNeeded, match="the value of LAB contains a line break") as caught:
            store.get("LAB", environment={"LAB": secret})

        assert secret not in caught.value.message

    @pytest.mark.parametrize("name", ["1LAB", "LAB-2", "LÄB", "A B", "A=B"])
    def test_a_name_that_no_variable_has_is_refused(self, store, name):
        with pytest.raises(InvalidArgument, match="letters, digits and _"):
            store.get(name, environment={name: "x"})


class TestEnvAsALogin(CredentialContract):
    @pytest.fixture
    def driver(self):
        return EnvCredentials

    @pytest.fixture
    def keep(self, name):
        return lambda secret: {f"{name}_USERNAME": "ingest", f"{name}_PASSWORD": secret}

    def test_it_is_a_login(self, store, name, keep):
        found = store.get(name, environment=keep("pass-word"))

        assert (found.kind, found.username) == ("basic", "ingest")

    def test_the_token_is_asked_first(self, store, name, keep):
        assert store.get(name, environment={**keep("pass-word"), name: "token"}).kind == "bearer"

    @pytest.mark.parametrize("half", ["USERNAME", "PASSWORD"])
    def test_half_a_login_is_none(self, store, half):
        with pytest.raises(CredentialNeeded):
            store.get("LAB", environment={f"LAB_{half}": "x"})


class TestEnvOfASection(CredentialContract):
    """``[credentials.media]`` with a variable and a user name."""

    @pytest.fixture
    def driver(self):
        return EnvCredentials

    @pytest.fixture
    def options(self):
        return {"username": "ingest"}

    @pytest.fixture
    def keep(self, name):
        return lambda secret: {name: secret}

    def test_a_user_name_makes_the_variable_its_password(self, store, name, keep):
        found = store.get(name, environment=keep("pass-word"))

        assert (found.kind, found.username) == ("basic", "ingest")

    def test_another_variable_can_be_named(self, driver, toolkit):
        store = driver(driver.Settings(variable="MEDIA_TOKEN"), toolkit)

        assert store.get("media", environment={"MEDIA_TOKEN": "abc"}).secret.reveal() == "abc"
