"""What proves a driver: contract suites and real counterparts. Needs pytest; no part of the product imports it."""
