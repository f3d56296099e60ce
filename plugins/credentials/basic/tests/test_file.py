import os
import traceback

import pytest
from sendoff import CredentialNeeded
from sendoff.testing.credential_contract import CredentialContract
from sendoff_credentials_basic.file import FileCredentials


class TestFile(CredentialContract):
    @pytest.fixture
    def driver(self):
        return FileCredentials

    @pytest.fixture
    def path(self, toolkit):
        return toolkit.folder / "credentials.toml"

    @pytest.fixture
    def write(self, path):
        def write(text, mode=0o600):
            path.touch()
            path.chmod(mode)
            path.write_text(text)

        return write

    @pytest.fixture
    def keep(self, write, name):
        def keep(secret):
            write(f'[{name}]\nusername = "ingest"\nsecret = "{secret}"\n')
            return {}

        return keep

    def test_with_a_user_name_it_is_a_login_and_without_a_token(self, store, write):
        write('[a]\nusername = "me"\nsecret = "x"\n[b]\nsecret = "y"\n[c]\nusername = "X-Api-Key"\nsecret = "z"\nkind = "header"\n')

        assert [store.get(name, environment={}).kind for name in "abc"] == ["basic", "bearer", "header"]

    @pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o666, 0o601])
    def test_a_file_that_others_may_touch_is_refused_with_the_cure(self, store, write, path, mode):
        write('[a]\nsecret = "x"\n', mode)

        with pytest.raises(CredentialNeeded, match=f"mode 0{mode:o}") as caught:
            store.get("a", environment={})
        assert f"chmod 600 '{path}'" in caught.value.hint
        assert "others may read or write" in store.usable()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
    def test_a_file_of_somebody_else_is_refused(self, store, write, path):
        write('[a]\nsecret = "x"\n')
        os.chown(path, 12345, -1)

        with pytest.raises(CredentialNeeded, match="belongs to user 12345"):
            store.get("a", environment={})

    def test_a_missing_file_says_what_to_write(self, store, path):
        with pytest.raises(CredentialNeeded, match=str(path)) as caught:
            store.get("a", environment={})
        assert "[NAME]" in caught.value.hint
        assert "does not exist" in store.usable()

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('[a]\nsecret = "very-secret-1\n', "line 2"),
            ('[a]\nsecret = "very-secret-1"\nuser = "me"\n', "user: Extra inputs"),
            ('[a]\nusername = "me"\n', "secret: Field required"),
            ('[a]\nsecret = "very-secret-1"\nkind = "very-secret-1"\n', "kind: Input should be"),
            ("a = 1\n", r"no \[a\]"),
            ('[a]\nsecret = """very-secret-1\nX-Evil: 1"""\n', r"\[a\] in .*secret has a line break"),
            ('[a]\nusername = "me"\nsecret = "very-secret-1\\u0007"\n', r"\[a\] in .*secret has a line break or another control character"),
            ('[a]\nusername = "m\\ne"\nsecret = "very-secret-1"\n', r"\[a\] in .*username has a line break"),
            ('[a]\nsecret = "very-secret-1 "\n', r"\[a\] in .*secret has a blank at either end"),
            ('[a]\nkind = "key"\nsecret = "very-secret-1\\nX-Evil: 1"\n', r"\[a\] in .*secret has a line break"),
            ('[a]\nkind = "header"\nusername = "X-A"\nsecret = "\\tvery-secret-1"\n', r"\[a\] in .*secret has a line break"),
            ('[a]\nsecret = ""\n', r"\[a\] in .*secret is empty"),
        ],
    )
    def test_a_faulty_entry_is_explained_without_its_value(self, store, write, text, said):
        write(text)

        with pytest.raises(CredentialNeeded, match=said) as caught:
            store.get("a", environment={})
        assert "very-secret-1" not in "".join(traceback.format_exception(caught.value))

    def test_text_that_is_not_utf_8_is_explained_without_the_text(self, store, write, path):
        write("")
        path.write_bytes(b'[a]\nsecret = "very-secret-1\xff"\n')

        with pytest.raises(CredentialNeeded, match="not UTF-8") as caught:
            store.get("a", environment={})
        assert "very-secret-1" not in "".join(traceback.format_exception(caught.value))

    def test_a_private_key_has_lines_and_a_password_may_end_with_a_blank(self, store, write):
        key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
        write(f'[k]\nkind = "key"\nsecret = """{key}"""\n[p]\nusername = "me"\nsecret = " x "\n')

        assert [store.get(name, environment={}).secret.reveal() for name in "kp"] == [key, " x "]

    def test_a_pipe_or_a_folder_in_its_place_is_refused_at_once(self, store, path):
        os.mkfifo(path, 0o600)
        with pytest.raises(CredentialNeeded, match="not a regular file"):
            store.get("a", environment={})
        path.unlink()
        path.mkdir(0o700)

        with pytest.raises(CredentialNeeded, match="not a regular file"):
            store.get("a", environment={})

    @pytest.mark.parametrize("form", ["{folder}/other.toml", "other.toml", "~/other.toml"])
    def test_another_file_can_be_named_from_the_configuration_folder_or_home(self, driver, toolkit, tmp_path, monkeypatch, form):
        monkeypatch.setenv("HOME", str(tmp_path))
        other = tmp_path / "other.toml"
        other.touch(0o600)
        other.write_text('[a]\nsecret = "x"\n')

        assert driver(driver.Settings(path=form.format(folder=tmp_path)), toolkit).get("a", environment={}).secret.reveal() == "x"
