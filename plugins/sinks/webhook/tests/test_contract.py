import pytest
from sendoff.testing.receiver import Answer, Rule
from sendoff.testing.sink_contract import RefusableSinkContract
from sendoff_webhook.sink import WebhookSink


class TestWebhook(RefusableSinkContract):
    @pytest.fixture
    def driver(self):
        return WebhookSink

    @pytest.fixture
    def place(self, post):
        return post()

    @pytest.fixture
    def options(self, place):
        return {"url": place.url}

    @pytest.fixture
    def received(self, place):
        return place.documents

    @pytest.fixture
    def refusing(self, post):
        return {"url": post(Rule(do=Answer(410))).url}

    @pytest.fixture
    def busy(self, post):
        return {"url": post(Rule(do=Answer(503))).url}
