"""What proves a driver: contract suites, which need pytest, and real counterparts, which do not; no part of the product imports it."""
