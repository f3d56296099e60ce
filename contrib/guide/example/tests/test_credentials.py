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
        return {"folder": str(tmp_path)}

    @pytest.fixture
    def keep(self, tmp_path, name):
        def keep(secret):
            (tmp_path / name).write_text(f"{secret}\n")
            return {}

        return keep

    @pytest.mark.parametrize("bad", ["..", ".hidden", "a/b", "/etc/passwd"])
    def test_what_names_no_file_of_the_folder_is_refused(self, store, bad):
        with pytest.raises(InvalidArgument):
            store.get(bad, environment={})
