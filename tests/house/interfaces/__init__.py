"""The interfaces that others build on, as they are recorded: ``python -m tests.house.interfaces`` writes what has changed."""
