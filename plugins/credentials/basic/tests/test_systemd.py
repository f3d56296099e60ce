import pytest
from sendoff import CredentialNeeded, InvalidArgument
from sendoff.testing.credential_contract import CredentialContract
from sendoff_credentials_basic.systemd import SystemdCredentials


class TestSystemd(CredentialContract):
    @pytest.fixture
    def driver(self):
        return SystemdCredentials

    @pytest.fixture
    def folder(self, tmp_path, monkeypatch):
        """The host's unit has credentials, too, and is not asked where the submitter's has."""
        (tmp_path / "host").mkdir()
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "host"))
        (tmp_path / "unit").mkdir()
        return tmp_path / "unit"

    @pytest.fixture
    def keep(self, folder, name):
        def keep(secret):
            (folder / name).write_text(f"{secret}\n")
            return {"CREDENTIALS_DIRECTORY": str(folder)}

        return keep

    def test_only_the_environment_that_is_handed_in_is_asked(self, store, name, keep, folder):
        environment = keep("theirs")
        (folder.parent / "host" / "OTHER").write_text("the host's")

        assert store.get(name, environment=environment).secret.reveal() == "theirs"
        with pytest.raises(CredentialNeeded):
            store.get("OTHER", environment=environment)
        assert store.get("OTHER", environment={}).secret.reveal() == "the host's"

    def test_it_is_a_token_and_with_a_user_name_a_login(self, driver, toolkit, store, name, keep):
        environment = keep("s3cret")
        login = driver(driver.Settings(username="ingest", file=name), toolkit).get("lab", environment=environment)

        assert store.get(name, environment=environment).kind == "bearer"
        assert (login.kind, login.username, login.secret.reveal()) == ("basic", "ingest", "s3cret")

    def test_without_a_unit_it_says_what_to_write_into_one(self, store, monkeypatch):
        monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

        with pytest.raises(CredentialNeeded, match="no service manager") as caught:
            store.get("lab", environment={})

        assert caught.value.hint == "add LoadCredential=lab:/PATH/OF/A/FILE to the unit, and start it anew"
        assert "no unit" in store.usable()

    def test_an_empty_variable_is_none_wherever_the_process_stands(self, store, folder, tmp_path, monkeypatch):
        (tmp_path / "lab").write_text("of the working folder")
        (folder.parent / "host" / "lab").write_text("the host's")
        monkeypatch.chdir(tmp_path)

        assert store.get("lab", environment={"CREDENTIALS_DIRECTORY": ""}).secret.reveal() == "the host's"
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", "")
        with pytest.raises(CredentialNeeded, match="handed credentials to the host"):
            store.get("lab", environment={"CREDENTIALS_DIRECTORY": ""})
        assert "no unit" in store.usable()

    def test_a_folder_that_depends_on_where_the_process_stands_is_refused(self, store, tmp_path, monkeypatch):
        (tmp_path / "lab").write_text("of the working folder")
        monkeypatch.chdir(tmp_path)

        with pytest.raises(CredentialNeeded, match=r"systemd:lab: CREDENTIALS_DIRECTORY of the unit of this upload is '\.', which is no absolute path"):
            store.get("lab", environment={"CREDENTIALS_DIRECTORY": "."})
        monkeypatch.setenv("CREDENTIALS_DIRECTORY", "here")
        with pytest.raises(CredentialNeeded, match="of the host is 'here'"):
            store.get("lab", environment={})
        assert "no absolute path" in store.usable()

    @pytest.mark.parametrize("name", ["..", ".", "a/b", "/etc/passwd", "a b", "ä"])
    def test_a_name_that_no_file_of_a_unit_has_is_refused(self, store, name):
        with pytest.raises(InvalidArgument):
            store.get(name, environment={})

    @pytest.mark.parametrize("content", [b"", b"\n", b"a\nb", b"\xff\xfe", b"a\0b"])
    def test_what_is_not_one_line_of_text_is_refused_unseen(self, store, folder, content):
        (folder / "lab").write_bytes(content)

        with pytest.raises(CredentialNeeded, match=r"is empty|is not one line"):
            store.get("lab", environment={"CREDENTIALS_DIRECTORY": str(folder)})
