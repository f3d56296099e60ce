"""The options that ``put`` and ``post`` share: how it is asked for, whose it is, in which order, and how long to stay."""

from __future__ import annotations

from sendoff.cli.parser import Parser


def add_asked(parser: Parser, *, method: str) -> None:
    """All of them. method: what is asked where ``--method`` is left out."""
    option = parser.option
    option("-o", dest="option", metavar="KEY=VALUE", action="append", default=[], help="a key of a destination's section, for these uploads only")
    option("--method", metavar="VERB", help=f"HTTP method (default: {method})")
    option("--header", metavar="'N: V'", action="append", default=[], help="send this header; @FILE or @- reads one a line")
    option("--header-secret", metavar="'N: V'", action="append", default=[], help="the same, kept sealed; V is env:VARIABLE or file:NAME, or @FILE")
    option("--credential", metavar="REF", help="who we are to the server: driver:name, or a [credentials] section")
    option(
        "--idempotency-key",
        metavar="HEADER",
        help="each try carries the same key, so that the server drops repeats; another header: with =",
    )
    parser.alone["--idempotency-key"] = "Idempotency-Key"
    option("--retry-unsafe", action="store_true", help="send a POST again even when it may have been carried out")
    option("--id", help="your own id for it: putting the same again gives the same operation")
    option("--group", metavar="NAME", help="put it into this group")
    option("--priority", choices=("high", "default", "low"), default="default", help="who goes first")
    option("--cost", choices=("unrestricted-only", "default", "always"), default="default", help="on which networks it may run")
    option("--label", metavar="TEXT", help="a name for people")
    option("--meta", metavar="K=V", action="append", default=[], help="your own data, kept with it and found again by list --meta")
    option("--patience", metavar="TIME", help="give up after this long without one newly confirmed byte: 90s, 5m, 12h, 3d")
    option(
        "--recoverable-errors",
        metavar="CODES",
        action="append",
        default=[],
        help="wait for me instead of failing with one of these: 403,410",
    )
    option(
        "--if-changed",
        choices=("fail", "restart"),
        help="where a file was changed after it was queued: fail, or start over with what it holds then (default: fail)",
    )
    option("--copy", action="store_true", help="take over what the files hold now, before the ids are printed: what becomes of them later is no matter")
    option("--then", metavar="WHAT", help="delete, or move:DIR: what becomes of a file once it was seen to be there")
    option("--wait", action="store_true", help="stay until it has ended; the exit code says how")
    option("--here", action="store_true", help="this process does the work and stays until all have ended: for containers and CI")
    option("--dry-run", action="store_true", help="check everything, store nothing")
