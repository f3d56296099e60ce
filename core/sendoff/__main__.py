"""``python -m sendoff``."""

from sendoff.cli.main import main

raise SystemExit(main())
