"""The background process: the desk over a Unix socket."""
