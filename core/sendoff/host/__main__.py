"""``python -m sendoff.host``."""

from sendoff.host.run import main

raise SystemExit(main())
