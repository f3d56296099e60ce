"""Of what a helper of git's is asked for: the parts of an address."""

import pytest
from sendoff import CredentialNeeded, InvalidArgument

from plugins.credentials.basic.tests.programs import asked, helper_in, login, of_git

FORGE = {"protocol": "https", "host": "forge.example"}


def question(toolkit, folder, **settings):
    """What a helper is asked for with these settings."""
    with pytest.raises(CredentialNeeded, match="knows none for"):
        of_git(toolkit, helper_in(folder), **settings).get("forge", environment={})
    ((_, said),) = asked(folder)
    return said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "https://forge.example/team"}, FORGE),
        ({"url": "https://forge.example/team/", "use_http_path": True}, {**FORGE, "path": "team"}),
        ({"url": "https://forge.example/a%20b", "use_http_path": True}, {**FORGE, "path": "a b"}),
        ({"url": "http://forge.example:8080/x"}, {"protocol": "http", "host": "forge.example:8080"}),
        ({"url": "smtp://mail.example/box"}, {"protocol": "smtp", "host": "mail.example", "path": "box"}),
        ({"url": "https://[::1]:8443"}, {"protocol": "https", "host": "[::1]:8443"}),
        ({"url": "https://forge.example", "username": "ci"}, {**FORGE, "username": "ci"}),
        ({"url": "https://ci@forge.example"}, {**FORGE, "username": "ci"}),
        ({"url": "https://c%40i@forge.example", "username": "c@i"}, {**FORGE, "username": "c@i"}),
    ],
)
def test_the_path_of_a_web_address_is_asked_for_only_where_that_is_set_and_a_port_belongs_to_the_host(toolkit, tmp_path, settings, said):
    assert question(toolkit, tmp_path, **settings) == said


def test_what_git_itself_has_kept_for_a_server_is_found_whatever_the_path(toolkit, tmp_path):
    (tmp_path / "kept").write_text("https://ci:from-git@forge.example\n")
    argv = ["git", "credential-store", "--file", str(tmp_path / "kept")]

    assert of_git(toolkit, *argv, url="https://forge.example/team").get("forge", environment={}).secret.reveal() == "from-git"
    with pytest.raises(CredentialNeeded, match="knows none for"):
        of_git(toolkit, *argv, url="https://forge.example/team", use_http_path=True).get("forge", environment={})


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://[bad", "an address with a scheme and a host"),
        ("https://a:99999", "an address with a scheme and a host"),
        ("forge.example", "an address with a scheme and a host"),
        ("https:///team", "an address with a scheme and a host"),
        ("https://a\nhost=evil.example/", "blanks or control characters"),
        ("https://a b/", "blanks or control characters"),
        ("https://a/%0ahost=evil.example", "blanks or control characters"),
        ("https://m%0de@a/", "blanks or control characters"),
        ("https://me:hunter2-secret@a/", "a password does not belong into it"),
    ],
)
def test_what_is_no_address_is_refused_by_the_settings_without_a_secret(toolkit, url, said):
    with pytest.raises(ValueError, match=said) as caught:
        of_git(toolkit, "x", url=url)
    assert "hunter2" not in str(caught.value)


def test_two_users_are_refused(toolkit):
    with pytest.raises(ValueError, match="'ci' in url and 'me' in username"):
        of_git(toolkit, "x", url="https://ci@forge.example", username="me")


def test_the_password_of_another_user_than_is_asked_for_is_not_kept(toolkit, tmp_path):
    with pytest.raises(InvalidArgument, match="asked for the password of ci, not of me"):
        of_git(toolkit, helper_in(tmp_path), username="ci").set("forge", login())
    assert not (tmp_path / "log").exists()
