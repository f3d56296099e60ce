import pytest
from sendoff.testing.message_contract import MessageSinkContract
from sendoff_apprise.sink import AppriseSink


class TestAppriseByHttp(MessageSinkContract):
    @pytest.fixture
    def driver(self):
        return AppriseSink

    @pytest.fixture
    def place(self, hook):
        return hook()

    @pytest.fixture
    def options(self, place):
        return {"urls": [place.url]}

    @pytest.fixture
    def shown(self, place):
        return lambda: [(one["title"], one["message"]) for one in place.documents()]


class TestAppriseByMail(TestAppriseByHttp):
    @pytest.fixture
    def place(self, office):
        return office()

    @pytest.fixture
    def options(self, place):
        return {"urls": [place.url()]}

    @pytest.fixture
    def shown(self, place):
        return place.read
