import pytest
from sendoff import InvalidArgument
from sendoff.testing.credential_contract import CredentialContract
from sendoff_example.credentials import ExampleCredentials


class TestExampleCredentials(CredentialContract):
    @pytest.fixture
    def driver(self):
        return ExampleCredentials

    @pytest.fixture
    def options(self, tmp_path):
        (tmp_path / "kept").mkdir()
        return {"folder": "kept"}

    @pytest.fixture
    def keep(self, tmp_path, name):
        def keep(secret):
            (tmp_path / "kept" / name).write_text(f"{secret}\n")
            return {}

        return keep

    def test_without_settings_the_folder_lies_beside_the_configuration_file(self, driver, toolkit, tmp_path):
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets" / "lab").write_text("t0ken")

        assert driver(driver.Settings(), toolkit).get("lab", environment={}).secret.reveal() == "t0ken"

    @pytest.mark.parametrize("bad", ["..", ".hidden", "a/b", "/etc/passwd"])
    def test_what_names_no_file_of_the_folder_is_refused(self, store, bad):
        with pytest.raises(InvalidArgument):
            store.get(bad, environment={})
