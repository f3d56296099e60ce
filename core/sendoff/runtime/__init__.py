"""The machinery of one owner: the process that holds the journal and does the work."""
