"""Which networks allow what."""

from __future__ import annotations

import pytest
from sendoff.model.conditions import Conditions
from sendoff.model.status import CostPolicy, Reason, TransferStatus
from sendoff.policy.cost import Gate, gate

D, U, A = CostPolicy.DEFAULT, CostPolicy.UNRESTRICTED_ONLY, CostPolicy.ALWAYS

MATRIX = [
    (Conditions(metered=False), {D, U, A}),
    (Conditions(metered=True), {D, A}),
    (Conditions(metered=True, approaching_limit=True), {A}),
    (Conditions(metered=True, roaming=True), {A}),
    (Conditions(metered=True, over_limit=True, restricted=True), set()),
]


@pytest.mark.parity("F128")
@pytest.mark.parametrize(("conditions", "allowed"), MATRIX, ids=["unmetered", "metered", "nearing its limit", "roaming", "over its limit"])
@pytest.mark.parametrize("policy", list(CostPolicy))
def test_the_cost_matrix(conditions: Conditions, allowed: set[CostPolicy], policy: CostPolicy) -> None:
    closed = gate(conditions, policy, local=False)

    assert (closed is None) == (policy in allowed)
    assert closed is None or closed.status is TransferStatus.PAUSED_COSTED_NETWORK


@pytest.mark.parametrize("policy", list(CostPolicy))
def test_unknown_allows(policy: CostPolicy) -> None:
    assert gate(Conditions(), policy, local=False) is None


@pytest.mark.parametrize(("conditions", "reason"), [(Conditions(online=False), Reason.OFFLINE), (Conditions(portal=True), Reason.PORTAL)])
def test_no_network_is_a_wait_and_a_local_destination_needs_none(conditions: Conditions, reason: Reason) -> None:
    closed = gate(conditions, A, local=False)

    assert closed is not None and closed[:2] == (TransferStatus.PAUSED_NO_NETWORK, reason)
    assert gate(conditions, D, local=True) is None


def test_saving_power_holds_all_but_always() -> None:
    assert gate(Conditions(power=False), D, local=True) == Gate(TransferStatus.PAUSED_SYSTEM_POLICY, Reason.POWER)
    assert gate(Conditions(power=False), A, local=False) is None
